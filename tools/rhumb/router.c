#include "tools/rhumb/router.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

void cli_signals_catch(void)
{
	/* No SA_RESTART: a wait must end. */
	const struct sigaction action = {.sa_handler = on_signal};

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

bool cli_signalled(void)
{
	return signalled;
}

int cli_router_fail(const struct cli *cli, const struct rhumb *r, int err)
{
	if (err == -ETIMEDOUT || err == -EHOSTUNREACH || err == -ENETUNREACH)
		return cli_fail(cli, CLI_NO_DAEMON, "%s: is rhumbd running there, and does ping reach it?",
			rhumb_error(r));
	return cli_fail(cli, CLI_REFUSED, "%s", rhumb_error(r));
}

/* Is what stands behind the address a port? An IPv6 address without brackets has none. */
static bool port_is_good(const char *router)
{
	const char *colon = strrchr(router, ':'), *end = strrchr(router, ']');
	unsigned long port;
	char *rest;

	if (!colon || (end && colon < end) || (!end && strchr(router, ':') != colon))
		return true;
	port = strtoul(colon + 1, &rest, 10);
	return colon[1] >= '0' && colon[1] <= '9' && !*rest && port >= 1 && port <= UINT16_MAX;
}

int cli_router_open(const struct cli *cli, struct rhumb_options *options, struct rhumb **out)
{
	struct rhumb *r;
	int err;

	options->router = cli_option(cli, "router");
	if (!options->router)
		options->router = getenv(CLI_ROUTER_ENV);
	options->client_id = cli_option(cli, "client-id");
	options->interface = cli_option(cli, "interface");
	if (!options->router || !*options->router)
		return cli_fail(cli, CLI_USAGE, "which router? give --router ADDR or set " CLI_ROUTER_ENV);
	if (!port_is_good(options->router))
		return cli_fail(cli, CLI_USAGE, "router %s: ADDR or ADDR:PORT is needed, with a port from 1 to 65535",
			options->router);
	r = rhumb_create(options);
	if (!r && errno == EINVAL)
		return cli_fail(cli, CLI_USAGE, "--client-id is 1 to 128 bytes");
	if (!r)
		return cli_fail(cli, CLI_REFUSED, "%s", strerror(errno));
	err = rhumb_connect(r, CLI_CONNECT_MS);
	if (err < 0) {
		err = cli_router_fail(cli, r, err);
		rhumb_destroy(r);
		return err;
	}
	*out = r;
	return CLI_OK;
}
