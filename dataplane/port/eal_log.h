#pragma once

/*
 * What EAL and the drivers say goes into a bounded buffer instead of the terminal. A refusal is made into one sentence
 * from it; everything is passed on as debug lines of the room `port`.
 */

#include <stdint.h>

/* Send EAL's log here from now on. 0 or -ENOMEM. Ctx: control, before rte_eal_init. */
int dp_eal_log_open(void);
/* Forget what was said. Ctx: control. */
void dp_eal_log_reset(void);
/* Everything since the reset, lines ended by '\n'; the beginning is kept when it is too much. Ctx: control. */
const char *dp_eal_log_text(void);
/* rte_eal_init writes usage and fatal lines straight to stdout and stderr: hold those back around it. */
void dp_eal_log_hush(void);
void dp_eal_log_unhush(void);

/*
 * Turn EAL's words into a sentence. @text as of dp_eal_log_text. Returns @out: the translation of the first line that is known,
 * else the last line that says anything, without its prefix.
 */
const char *dp_eal_log_reason(const char *text, char *out, uint32_t size);
