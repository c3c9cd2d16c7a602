#include "dataplane/base/error.h"

#include <stdarg.h>
#include <stdio.h>

int rh_error_set(struct rh_error *err, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return -errnum;
}
