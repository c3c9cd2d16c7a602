#pragma once

#include "tools/rhumb/router.h"

/* How events become lines. */
struct sub_printer;
struct sub_printer *sub_printer_create(FILE *out, bool json, bool payload);
void sub_printer_destroy(struct sub_printer *p);
void sub_event_print(struct sub_printer *p, const struct rhumb_event *event);
