#include "tools/hsc/hsc_priv.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Die with rhumbd, also when it was killed before we could ask for it. */
static int bind_to_parent(const struct hsc_limits *limits)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!limits->parent || getppid() == (pid_t)limits->parent)
		return 0;
	(void)fprintf(stderr, "rhumb-hsc: parent is not process %u: started by rhumbd only\n",
		limits->parent);
	return -1;
}

static int answer(const struct hsc_header *request, const struct hsc_reply *reply)
{
	uint8_t head[HSC_HDR];
	struct hsc_header h = {
		(uint32_t)reply->len, request->type, request->request, reply->status};

	hsc_header_encode(head, &h);
	if (hsc_write_all(STDOUT_FILENO, head, sizeof(head)) < 0)
		return -1;
	return hsc_write_all(STDOUT_FILENO, reply->body, reply->len);
}

/* One request. Below 0: the stream ended or holds what is no request. */
static int serve(const struct hsc_limits *limits)
{
	struct hsc_reply reply = {HSC_INTERNAL, NULL, 0};
	struct hsc_header request;
	uint8_t head[HSC_HDR], *body;
	int ret;

	if (hsc_read_all(STDIN_FILENO, head, sizeof(head)) < 0)
		return -1;
	if (hsc_header_parse(head, &request) < 0 || request.status) {
		(void)fprintf(stderr,
			"rhumb-hsc: malformed request header: see controlplane/api/hsc.h\n");
		return -1;
	}
	body = malloc(request.length ? request.length : 1);
	ret = body ? hsc_read_all(STDIN_FILENO, body, request.length) : -1;
	if (ret == 0) {
		hsc_child_run(limits, &request, body, &reply);
		ret = answer(&request, &reply);
	}
	free(reply.body);
	free(body);
	return ret;
}

int main(int argc, char **argv)
{
	struct hsc_limits limits;
	struct rh_error err;

	if (hsc_limits_parse(argc, argv, &limits, &err) < 0) {
		(void)fprintf(stderr, "rhumb-hsc: %s\n", err.text);
		return 2;
	}
	if (bind_to_parent(&limits) < 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setpriority(PRIO_PROCESS, 0, (int)limits.nice);
	if (hs_valid_platform() != HS_SUCCESS) {
		(void)fprintf(
			stderr, "rhumb-hsc: this processor lacks SSSE3, which Hyperscan needs\n");
		return 1;
	}
	while (serve(&limits) == 0)
		;
	return 0;
}
