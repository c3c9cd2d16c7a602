#include "tools/librhumb/rhumb_priv.h"

#include "dataplane/base/hash.h"
#include "dataplane/filter/topic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 64

static char *copy_of(const char *s, bool *failed)
{
	char *copy = s ? strdup(s) : NULL;

	*failed |= s && !copy;
	return copy;
}

/* Random, with the host's name for people who read lists of sessions. */
static char *client_id_make(uint64_t random)
{
	char host[HOST_MAX] = "client", *id = NULL;

	(void)gethostname(host, sizeof(host) - 1);
	if (asprintf(&id, "%.*s-%016llx", HOST_MAX, host, (unsigned long long)random) < 0)
		return NULL;
	return id;
}

/* At most @most bytes, no control characters (docs/protocol.md section 3.1): the router drops others without a word. */
static bool name_valid(const char *name, size_t most)
{
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return strlen(name) <= most;
}

static bool options_valid(const struct rhumb_options *o)
{
	return o && o->router && *o->router &&
		(!o->client_id || (*o->client_id && name_valid(o->client_id, RH_CLIENT_ID_MAX))) &&
		(!o->tenant || name_valid(o->tenant, RH_TENANT_NAME_MAX)) &&
		(!o->max_datagram || o->max_datagram >= RH_DATAGRAM_MIN_MAX);
}

static void options_free(struct rhumb_options *o)
{
	free((char *)o->router);
	free((char *)o->client_id);
	free((char *)o->tenant);
	free((char *)o->interface);
}

static int options_copy(struct rhumb_options *to, const struct rhumb_options *from)
{
	bool failed = false;

	*to = *from;
	to->router = copy_of(from->router, &failed);
	to->client_id = from->client_id ? copy_of(from->client_id, &failed) : client_id_make(rh_random_seed());
	to->tenant = copy_of(from->tenant, &failed);
	to->interface = copy_of(from->interface, &failed);
	return failed || !to->client_id ? -ENOMEM : 0;
}

static uint64_t random_nonzero(void)
{
	uint64_t value = rh_random_seed();

	return value ? value : 1;
}

struct rhumb *rhumb_create(const struct rhumb_options *options)
{
	struct rhumb *r;

	if (!options_valid(options)) {
		errno = EINVAL;
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->path.fd = -1;
	r->incarnation = random_nonzero();
	r->random = random_nonzero();
	r->hello.retry.due_ns = RHC_NEVER;
	r->subs.request.retry.due_ns = RHC_NEVER;
	r->credit.starved.due_ns = RHC_NEVER;
	r->credit.flush.due_ns = RHC_NEVER;
	if (options_copy(&r->options, options) < 0) {
		rhumb_destroy(r);
		errno = ENOMEM;
		return NULL;
	}
	return r;
}

void rhumb_destroy(struct rhumb *r)
{
	if (!r)
		return;
	if (r->path.fd >= 0)
		rhc_bye_send(r);
	rhc_path_close(r);
	rhc_out_fini(&r->out);
	rhc_receive_fini(&r->receive);
	rhc_reassembly_fini(&r->reassembly);
	rhc_subs_fini(r);
	options_free(&r->options);
	free(r);
}

const char *rhumb_error(const struct rhumb *r)
{
	return r->error.text;
}

static bool is_open(const struct rhumb *r, const void *arg)
{
	(void)arg;
	return r->state == RHC_OPEN;
}

static int path_ready(struct rhumb *r)
{
	int err;

	rhc_path_close(r);
	err = rhc_path_open(r);
	if (err == 0)
		err = rhc_out_init(r);
	if (err == 0)
		err = rhc_receive_init(r);
	if (err == 0)
		rhc_credit_windows(r);
	else
		rhc_path_close(r);
	return err;
}

int rhumb_connect(struct rhumb *r, int timeout_ms)
{
	int err;

	if (r->in_call)
		return rh_error_set(&r->error, EBUSY, "rhumb_connect is not for the event callback");
	if (r->state == RHC_OPEN)
		return 0;
	err = path_ready(r);
	if (err < 0)
		return err;
	r->ended = 0;
	r->session.number = 0;
	r->hello.cookie_len = 0;
	r->now_ns = rh_clock_ns();
	rhc_greet(r);
	err = rhc_run(r, timeout_ms, is_open, NULL);
	if (err < 0)
		r->state = RHC_IDLE;
	return err;
}

void rhumb_stats_get(const struct rhumb *r, struct rhumb_stats *out)
{
	const struct rhc_credit *c = &r->credit;
	bool no_event_limit = c->grant_events == RH_CREDIT_UNLIMITED;
	bool no_byte_limit = c->grant_bytes == RH_CREDIT_UNLIMITED;

	*out = r->stats;
	out->lost_events += c->lost_events;
	out->dropped_events += c->dropped_copies;
	out->credit_left_events = no_event_limit ? UINT64_MAX : c->grant_events - c->sent_events;
	out->credit_left_bytes = no_byte_limit ? UINT64_MAX : c->grant_bytes - c->sent_bytes;
}

int rhumb_encode_level(const void *bytes, size_t len, char *out, size_t room)
{
	return rh_topic_encode_level(bytes, len, out, room);
}
