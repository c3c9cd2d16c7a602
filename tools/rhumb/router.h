#pragma once

/* A session with a router for the commands that are clients themselves. */

#include "tools/librhumb/rhumb.h"
#include "tools/rhumb/command.h"

#define CLI_ROUTER_ENV "RHUMB_ROUTER"
#define CLI_CONNECT_MS 5000

/* Rows of the options that cli_router_open reads. */
#define CLI_ROUTER_OPTIONS                                                                         \
	{"router", "ADDR", "address of the router, with :PORT if it is not 6750; else RHUMB_ROUTER", 0, false}, \
		{"client-id", "ID", "who we are; a second client with the same id takes over", 0, false},  \
		{"interface", "NAME", "send and receive on this interface only", 0, false}

/* Create and connect; @options' router, client_id and interface come from the command line. CLI_OK, or a code after a sentence. */
int cli_router_open(const struct cli *cli, struct rhumb_options *options, struct rhumb **out);
/* What a failed call means as an exit code, with its sentence. */
int cli_router_fail(const struct cli *cli, const struct rhumb *r, int err);

/* SIGINT and SIGTERM end loops instead of the process. */
void cli_signals_catch(void);
bool cli_signalled(void);
