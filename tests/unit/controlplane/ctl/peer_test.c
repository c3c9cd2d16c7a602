/*
 * Who may do what, with real credentials: children that become somebody else and connect.
 */

#include "controlplane/ctl/peer.h"

#include "tests/unit/controlplane/ctl/client.h"
#include "tests/unit/controlplane/fake/fake.h"

#include <criterion/criterion.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

Test(peer, root_and_the_daemons_user_are_admin)
{
	struct ctl_peer root = {.uid = 0}, same = {.uid = 12},
			other = {.uid = 13, .groups = {5}, .group_count = 1};

	cr_expect_eq(ctl_peer_permission(&root, 12, 7), CTL_PERM_ADMIN);
	cr_expect_eq(ctl_peer_permission(&same, 12, 7), CTL_PERM_ADMIN);
	cr_expect_eq(ctl_peer_permission(&other, 12, 7), CTL_PERM_READ);
}

Test(peer, members_of_the_group_may_change)
{
	struct ctl_peer member = {.uid = 13, .groups = {5, 7}, .group_count = 2};

	cr_expect_eq(ctl_peer_permission(&member, 12, 7), CTL_PERM_CHANGE);
}

/* Status of @type asked by a child with @gid as its group; the socket is open to all. 255: no
 * answer. */
static int ask_as(gid_t gid, uint16_t type, const char *body)
{
	int status = 0, to_child[2];
	pid_t child;

	cr_assert_eq(pipe(to_child), 0);
	(void)chmod(server_path, 0666);
	child = fork();
	if (child == 0) {
		struct client_reply reply;
		int fd;

		/* The server lives in the parent: here the loop turns a copy that must not accept.
		 */
		if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(NOBODY) != 0)
			_exit(254);
		fd = client_connect_only();
		client_send_blocking(fd, CTL_HELLO, "{}");
		reply = client_receive_blocking(fd);
		if (reply.body == NULL)
			_exit(255);
		client_send_blocking(fd, type, body);
		reply = client_receive_blocking(fd);
		_exit(reply.body != NULL ? reply.header.status : 255);
	}
	while (waitpid(child, &status, WNOHANG) == 0)
		server_turn();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void start(void)
{
	if (geteuid() != 0)
		cr_skip("needs root to become somebody else");
	(void)server_start();
}

TestSuite(permission, .init = start, .fini = server_stop, .timeout = 30);

Test(permission, a_stranger_may_only_read)
{
	cr_expect_eq(ask_as(NOBODY, CTL_SHOW_STATUS, "{}"), CTL_STATUS_OK);
	cr_expect_eq(ask_as(NOBODY, CTL_TRACE_START, "{}"), CTL_STATUS_PERMISSION);
	cr_expect_eq(ask_as(NOBODY, CTL_LOG_LEVEL, "{\"room\": \"ctl\", \"level\": \"info\"}"),
		CTL_STATUS_PERMISSION);
	cr_expect_eq(ask_as(NOBODY, CTL_SHUTDOWN, "{}"), CTL_STATUS_PERMISSION);
	cr_expect_not(fake.tracing);
	cr_expect_eq(server_shutdowns, 0u);
}

Test(permission, a_member_of_the_group_may_change_but_not_stop)
{
	cr_expect_eq(ask_as(0, CTL_TRACE_START, "{}"), CTL_STATUS_OK);
	cr_expect(fake.tracing);
	cr_expect_eq(ask_as(0, CTL_SHUTDOWN, "{}"), CTL_STATUS_PERMISSION);
	cr_expect_eq(server_shutdowns, 0u);
}
