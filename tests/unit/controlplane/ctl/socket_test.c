#include "controlplane/ctl/socket.h"

#include "controlplane/ctl/call.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[108];

static void name_it(void)
{
	(void)snprintf(path, sizeof(path), "/tmp/rhumb-socket-test-%d", (int)getpid());
}

static void remove_it(void)
{
	(void)unlink(path);
}

TestSuite(socket, .init = name_it, .fini = remove_it, .timeout = 30);

Test(socket, what_a_dead_daemon_left_is_replaced)
{
	struct rh_error err = {""};
	gid_t gid;
	int fd = ctl_socket_listen(path, "", &gid, &err);

	cr_assert_geq(fd, 0, "%s", err.text);
	(void)close(fd);
	fd = ctl_socket_listen(path, "", &gid, &err);
	cr_expect_geq(fd, 0, "%s", err.text);
	(void)close(fd);
}

Test(socket, a_file_in_the_way_stays_and_is_named)
{
	struct rh_error err = {""};
	gid_t gid;
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	(void)close(fd);
	cr_expect_eq(ctl_socket_listen(path, "", &gid, &err), -EEXIST);
	cr_expect(strstr(err.text, path) != NULL && strstr(err.text, "no socket") != NULL, "%s",
		err.text);
	cr_expect_eq(access(path, F_OK), 0);
}

Test(socket, a_group_that_does_not_exist_is_named)
{
	struct rh_error err = {""};
	gid_t gid;

	cr_expect_eq(ctl_socket_listen(path, "no-such-group", &gid, &err), -ENOENT);
	cr_expect(strstr(err.text, "groupadd no-such-group") != NULL, "%s", err.text);
	cr_expect_neq(access(path, F_OK), 0);
}

Test(socket, a_path_too_long_is_named)
{
	char longer[200];
	struct rh_error err = {""};
	gid_t gid;

	memset(longer, 'a', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	cr_expect_eq(ctl_socket_listen(longer, "", &gid, &err), -ENAMETOOLONG);
	cr_expect(strstr(err.text, "107") != NULL, "%s", err.text);
}

static void nothing(struct ctl_call *call)
{
	(void)call;
}

Test(table, every_message_has_one_handler)
{
	struct rh_error err = {""};

	cr_expect_eq(ctl_routes_check_all(&err), 0, "%s", err.text);
}

Test(table, missing_and_double_handlers_are_named)
{
	struct ctl_route rows[32];
	size_t n = 0;
	struct rh_error err = {""};

#define X(id, value, name, permission, help) rows[n++] = (struct ctl_route){value, nothing};
	CTL_MESSAGES(X)
#undef X
	cr_expect_eq(ctl_routes_check(rows, n, &err), 0);
	cr_expect_eq(ctl_routes_check(rows, n - 1, &err), -EINVAL);
	cr_expect(strstr(err.text, "shutdown") != NULL && strstr(err.text, "0 handlers") != NULL,
		"%s", err.text);
	rows[n] = rows[0];
	cr_expect_eq(ctl_routes_check(rows, n + 1, &err), -EINVAL);
	cr_expect(strstr(err.text, "hello") != NULL && strstr(err.text, "2 handlers") != NULL, "%s",
		err.text);
	rows[n] = (struct ctl_route){4711, nothing};
	cr_expect_eq(ctl_routes_check(rows, n + 1, &err), -EINVAL);
}

Test(base64, survives_a_round)
{
	static const uint8_t bytes[] = {0, 255, 16, 32, 77};

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		json_t *text = ctl_json_base64(bytes, len);
		size_t got = 99;
		uint8_t *back = ctl_base64_decode(json_string_value(text), &got);

		cr_assert_not_null(back);
		cr_expect_eq(got, len);
		cr_expect_arr_eq(back, bytes, len);
		free(back);
		json_decref(text);
	}
}

Test(base64, refuses_what_it_is_not)
{
	static const char *const bad[] = {
		"a", "ab", "abc", "ab=c", "a===", "====", "ab*=", "abc\n", "abd=", "ac=="};
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_null(ctl_base64_decode(bad[i], &len), "%s", bad[i]);
}
