#pragma once

/* Command lines of the rig's programs: a table of long options, each with the place its value goes to. */

#include "dataplane/base/error.h"
#include "perf/gen/workload.h"

#include <stddef.h>
#include <stdint.h>

enum option_kind { OPTION_U32, OPTION_U64, OPTION_NUMBER, OPTION_TEXT, OPTION_ON, OPTION_OFF, OPTION_CALL };

/* @text is the value; 0, or -EINVAL for one that cannot be. */
typedef int (*option_call)(void *at, const char *text);

struct option_row {
	const char *name; /* without the dashes */
	enum option_kind kind;
	void *at; /* uint32_t, uint64_t, double (not negative), const char *, bool */
	const char *help;
	option_call call; /* of OPTION_CALL */
};

/* The options that describe a workload, for a program's own table: OPTIONS_WORKLOAD(&spec). */
#define OPTIONS_WORKLOAD(spec)                                                                     \
	{"topics", OPTION_U32, &(spec)->topics, "distinct topics", NULL},                          \
	{"zipf", OPTION_NUMBER, &(spec)->zipf, "exponent of popularity; 0: uniform", NULL},        \
	{"subscriptions", OPTION_U32, &(spec)->subscriptions, "filters, copies included", NULL},   \
	{"wildcards", OPTION_U32, &(spec)->wildcards, "percent of the filters", NULL},             \
	{"copies", OPTION_U32, &(spec)->copies, "receivers of each event", NULL},                  \
	{"publishers", OPTION_U32, &(spec)->publishers, "sessions that publish", NULL},            \
	{"subscribers", OPTION_U32, &(spec)->subscribers, "sessions that subscribe", NULL},        \
	{"trace", OPTION_U32, &(spec)->datagrams, "datagrams before the trace repeats", NULL},     \
	{"events", OPTION_U32, &(spec)->events, "events in one datagram", NULL},                   \
	{"seed", OPTION_U64, &(spec)->seed, "of the workload", NULL},                              \
	{"family", OPTION_CALL, &(spec)->family, "plant, exact, shapes, hostile or mixed", options_family}

#define OPTIONS_SEED 20260101

/* Name of an enum workload_family at @at. */
int options_family(void *at, const char *text);

/* 0, or -EINVAL with the option and what is wrong with it. Texts point into @argv. */
int options_parse(int argc, char **argv, const struct option_row *rows, size_t count, struct rh_error *err);
/* One line an option, on standard output. */
void options_print(const char *program, const struct option_row *rows, size_t count);
