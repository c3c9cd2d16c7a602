#pragma once

#include "tools/rhumb/router.h"

/* How events become lines. */
struct sub_printer;
struct sub_printer *sub_printer_create(FILE *out, bool json, bool payload);
void sub_printer_destroy(struct sub_printer *p);
void sub_event_print(struct sub_printer *p, const struct rhumb_event *event);
/* A line where events go in JSON, for people on stderr. */
void sub_price_print(struct sub_printer *p, const struct rhumb_subscription *s);

/* The filters of the command line and of --filters-from, with --dialect, --match, --cesql and --filters. CLI_OK, or a code after a sentence. */
int sub_filters_read(const struct cli *cli, struct rhumb_subscription **list, size_t *count);
void sub_filters_free(const struct cli *cli, struct rhumb_subscription *list, size_t count);
