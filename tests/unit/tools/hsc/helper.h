#pragma once

#include "controlplane/api/hsc.h"

#include <sys/types.h>

/* rhumb-hsc as a process of this test, talked to over a socket. */
struct helper {
	pid_t pid;
	int fd;
	size_t reply_len; /* of the last reply's body */
	unsigned working; /* times it said so */
	const struct hsc_payload *payloads; /* of the next requests */
	uint32_t payload_count;
};

/* @args: up to 6 of the helper's options, NULL-terminated. */
void helper_start(struct helper *h, const char *const *args);
/* Ends it and returns waitpid's status. */
int helper_stop(struct helper *h);
/* Behind the payloads. */
void helper_send(struct helper *h, uint16_t type, const void *body, size_t len);
/* The body as it is. */
void helper_send_raw(struct helper *h, uint16_t type, const void *body, size_t len);
/* The reply's status; its body, terminated, in @text. -1 when the helper closed. */
int helper_reply(struct helper *h, char *text, size_t room);
#define HELPER_CHECK_ID 7
void helper_send_check(struct helper *h, const char *pattern, size_t len);
int helper_check(struct helper *h, const char *pattern, char *text, size_t room);
/* A set of @count patterns of form @fmt with the number in place of %u. */
void helper_send_set(struct helper *h, uint32_t count, const char *fmt);
