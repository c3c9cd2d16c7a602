#include "tests/unit/tools/hsc/helper.h"

#include "tools/hsc/hsc_priv.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void helper_start(struct helper *h, const char *const *args)
{
	const char *argv[8] = {"rhumb-hsc"};
	int ends[2];

	for (int i = 0; args && args[i]; i++)
		argv[i + 1] = args[i];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	h->pid = fork();
	if (!h->pid) {
		(void)dup2(ends[1], 0);
		(void)dup2(ends[1], 1);
		execv(RHUMB_HSC, (char **)argv);
		_exit(127);
	}
	(void)close(ends[1]);
	h->fd = ends[0];
}

int helper_stop(struct helper *h)
{
	int status = 0;

	(void)close(h->fd);
	(void)waitpid(h->pid, &status, 0);
	return status;
}

void helper_send_raw(struct helper *h, uint16_t type, const void *body, size_t len)
{
	struct hsc_header head = {(uint32_t)len, type, 42, 0};
	uint8_t bytes[HSC_HDR];

	hsc_header_encode(bytes, &head);
	cr_assert_eq(hsc_write_all(h->fd, bytes, sizeof(bytes)), 0);
	cr_assert_eq(hsc_write_all(h->fd, body, len), 0);
}

void helper_send(struct helper *h, uint16_t type, const void *body, size_t len)
{
	size_t size = hsc_payloads_size(h->payloads, h->payload_count);
	uint8_t *whole = malloc(size + len);

	hsc_payloads_encode(whole, h->payloads, h->payload_count);
	memcpy(whole + size, body, len);
	helper_send_raw(h, type, whole, size + len);
	free(whole);
}

int helper_reply(struct helper *h, char *text, size_t room)
{
	struct hsc_header head;
	uint8_t bytes[HSC_HDR];

	do {
		if (hsc_read_all(h->fd, bytes, sizeof(bytes)) < 0)
			return -1;
		cr_assert_eq(hsc_header_parse(bytes, &head), 0);
		h->working += head.status == HSC_WORKING;
	} while (head.status == HSC_WORKING);
	cr_assert_eq(head.request, 42);
	cr_assert_lt(head.length, room);
	cr_assert_eq(hsc_read_all(h->fd, text, head.length), 0);
	text[head.length] = 0;
	h->reply_len = head.length;
	return (int)head.status;
}

void helper_send_check(struct helper *h, const char *pattern, size_t len)
{
	const struct hsc_pattern one = {HELPER_CHECK_ID, (uint32_t)len, pattern};
	uint8_t *body = malloc(HSC_CHECK_HDR + len);

	hsc_check_encode(body, &one);
	helper_send(h, HSC_CHECK, body, HSC_CHECK_HDR + len);
	free(body);
}

int helper_check(struct helper *h, const char *pattern, char *text, size_t room)
{
	helper_send_check(h, pattern, strlen(pattern));
	return helper_reply(h, text, room);
}

void helper_send_set(struct helper *h, uint32_t count, const char *fmt)
{
	struct hsc_pattern *patterns = calloc(count, sizeof(*patterns));
	char(*texts)[128] = calloc(count, sizeof(*texts));
	uint8_t *body;
	size_t len;

	for (uint32_t i = 0; i < count; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		patterns[i].len = (uint32_t)snprintf(texts[i], sizeof(texts[i]), fmt, i);
#pragma GCC diagnostic pop
		patterns[i].bytes = texts[i];
		patterns[i].id = i + 1;
	}
	len = hsc_set_size(patterns, count);
	body = malloc(len);
	hsc_set_encode(body, patterns, count);
	helper_send(h, HSC_COMPILE, body, len);
	free(body);
	free(texts);
	free(patterns);
}
