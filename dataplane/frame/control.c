#include "dataplane/frame/control_priv.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/utf8.h"

#include <errno.h>
#include <string.h>

bool rh_text_shown(const struct rh_text *text)
{
	const uint8_t *bytes = (const uint8_t *)text->bytes;

	for (size_t i = 0; i < text->len; i++)
		if (bytes[i] < 0x20 || bytes[i] == 0x7f)
			return false;
	return rh_utf8_valid(bytes, text->len, NULL);
}

bool rh_zero(const uint8_t *bytes, size_t count)
{
	uint8_t any = 0;

	for (size_t i = 0; i < count; i++)
		any |= bytes[i];
	return any == 0;
}

uint8_t *rh_text_put(uint8_t *out, const struct rh_text *text)
{
	if (text->len)
		memcpy(out, text->bytes, text->len);
	return out + text->len;
}

int rh_control_begin(uint8_t *out, size_t room, uint8_t type, size_t len)
{
	size_t padded = RH_ALIGN_UP(len, (size_t)RH_WIRE_ALIGN);

	if (padded > room || len > UINT16_MAX)
		return -EMSGSIZE;
	memset(out, 0, padded);
	out[0] = type;
	rh_store_be16(out + 2, (uint16_t)len);
	return (int)padded;
}
