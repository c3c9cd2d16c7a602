#pragma once

/* RFC 4648 section 4, with padding. */

#include <stddef.h>
#include <stdint.h>

#define CLI_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Writes CLI_BASE64_LEN(@len) characters and a zero. */
void cli_base64_encode(const uint8_t *bytes, size_t len, char *out);
/* Decodes into @out, which has room for @len / 4 * 3 bytes. Bytes written, or -1 when it is not base64. */
long cli_base64_decode(const char *text, size_t len, uint8_t *out);
