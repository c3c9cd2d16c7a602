/*
 * Every answer of the fake router, one file a message in the folder given: what tests/lib/schema.py
 * compares with docs/schemas.
 */

#include "tests/unit/controlplane/ctl/client.h"
#include "tests/unit/controlplane/fake/fake.h"

#include <stdio.h>
#include <string.h>

static void file_name(char *out, size_t size, const char *folder, const char *message)
{
	(void)snprintf(out, size, "%s/%s.json", folder, message);
	for (char *at = out + strlen(folder); *at != '\0'; at++)
		if (*at == ' ')
			*at = '-';
}

static const char *request_of(uint16_t type)
{
	if (type == CTL_EXPLAIN)
		return "{\"topic\": \"a/b\"}";
	return type == CTL_LOG_LEVEL ? "{\"room\": \"ctl\", \"level\": \"info\"}" : "{}";
}

static int write_answer(int fd, const char *folder, uint16_t type)
{
	struct client_reply reply = client_ask(fd, type, request_of(type));
	char path[256];

	file_name(path, sizeof(path), folder, ctl_type_name(type));
	if (reply.header.status != CTL_STATUS_OK ||
		json_dump_file(reply.body, path, JSON_INDENT(1)) != 0)
		return 1;
	json_decref(reply.body);
	return 0;
}

int main(int argc, char **argv)
{
	int fd, rc = 0;

	if (argc != 2)
		return 2;
	(void)server_start();
	fake.explain_now = true;
	fd = client_open();
#define X(id, value, name, permission, help) rc |= write_answer(fd, argv[1], value);
	CTL_MESSAGES(X)
#undef X
	server_stop();
	return rc;
}
