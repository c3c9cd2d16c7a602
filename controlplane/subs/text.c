#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* C0, DEL and, in UTF-8, C1 (C2 80 to C2 9F). */
static bool is_control(const uint8_t *p)
{
	return *p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f);
}

void cp_outcome_set(struct cp_sub_outcome *out, uint8_t code, const char *fmt, ...)
{
	uint8_t *text = (uint8_t *)out->text;
	size_t where;
	va_list ap;

	out->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
	while (!rh_utf8_valid(text, strlen(out->text), &where))
		text[where] = '?';
	for (uint8_t *p = text; *p; p++) {
		if (is_control(p))
			*p = '?';
	}
	/* A C1 character lost its first byte above: what is left of it is ill-formed. */
	while (!rh_utf8_valid(text, strlen(out->text), &where))
		text[where] = '?';
}
