#pragma once

/* The control socket's client: connection, handshake, request and answer (docs/control-protocol.md). */

#include "tools/rhumb/command.h"

#include <jansson.h>

struct cli_daemon {
	int fd;
	uint32_t request; /* last id used */
	const char *path;
};

/* Connect and shake hands. CLI_OK, or a code after a sentence. */
int cli_daemon_open(const struct cli *cli, struct cli_daemon *d);
void cli_daemon_close(struct cli_daemon *d);
/* Ask one thing. Takes over @args (NULL: {}); *answer, with all parts of a long one, is the caller's. CLI_OK, or a code after
 * a sentence. */
int cli_daemon_ask(const struct cli *cli, struct cli_daemon *d, uint16_t type, json_t *args, json_t **answer);
/* Open, ask the command's own message, close. */
int cli_ask(const struct cli *cli, json_t *args, json_t **answer);

/* An answer as --json shows it. */
int cli_json_print(const struct cli *cli, const json_t *answer);
/* Ask and show: JSON with -j, else by @print. Takes over @args. Exit code. */
int cli_ask_print(const struct cli *cli, json_t *args,
	void (*print)(const struct cli *cli, const json_t *answer));
