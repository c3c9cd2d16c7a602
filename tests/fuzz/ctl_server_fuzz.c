/*
 * Any bytes on the control socket, after a good hello: the server answers or closes, and serves the
 * next connection. The first byte chooses between a message with a good header around the rest and
 * the rest as it is.
 */

#include "tests/unit/controlplane/ctl/client.h"
#include "tests/unit/controlplane/fake/fake.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 4096

static void send_framed(int fd, const uint8_t *data, size_t size)
{
	struct ctl_header h = {.version = CTL_VERSION,
		.type = data[0],
		.request = 1,
		.length = (uint32_t)size - 1};
	uint8_t head[CTL_HDR];

	ctl_header_encode(head, &h);
	client_send_raw(fd, head, sizeof(head));
	client_send_raw(fd, data + 1, size - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	int fd;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	if (!started) {
		(void)server_start();
		started = true;
	}
	fake.explain_now = true;
	fd = client_hello();
	if (data[0] != 0)
		send_framed(fd, data, size);
	else
		client_send_raw(fd, data + 1, size - 1);
	server_turn();
	(void)close(fd);
	server_turn();
	(void)close(client_hello());
	server_turn();
	return 0;
}
