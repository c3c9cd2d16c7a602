#ifndef RHUMB_H
#define RHUMB_H

/*
 * librhumb: publish to and subscribe at a Rhumb router over plain kernel UDP. One struct rhumb is one session; it belongs to
 * one thread at a time. Nothing blocks but rhumb_connect and the calls that take a timeout. Functions return 0 or a negative
 * errno; rhumb_error has the sentence.
 *
 *	struct rhumb *r = rhumb_create(&(struct rhumb_options){.router = "198.18.1.1"});
 *	if (!r || rhumb_connect(r, 5000) < 0) ...
 *	rhumb_subscribe(r, "alarms/#", NULL, on_event, NULL, 5000);
 *	while (rhumb_poll(r, 1000) >= 0) ...
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rhumb;

struct rhumb_options {
	const char *router;	/* address or name, also host:port, [address]:port; required */
	uint16_t port;		/* 0: 6750 */
	const char *client_id;	/* NULL: random; a second client with the same id takes the session over */
	const char *tenant;	/* NULL: default tenant */
	const char *interface;	/* NULL: any; bind to this device */
	uint32_t keepalive_ms;	/* 0: the router's default */
	uint32_t queue_ms;	/* how long the router may hold events while we have no credit; 0: its default */
	uint32_t window_events; /* events granted to the router beyond what was read; 0, or too many: what the socket buffer holds */
	uint32_t window_bytes;	/* likewise, bytes; at least one event of the largest size */
	uint16_t max_datagram;	/* 0: from the path MTU, which is its most */
	bool manual_credit;	/* grant nothing but by rhumb_grant: for clients that want to be slow on purpose */
	bool batch; /* published events wait for company: call rhumb_poll or rhumb_flush soon after. For many small events. */
};

/* An attribute of an event, CloudEvents 1.0: canonical string form. Core names and extensions alike. */
struct rhumb_attribute {
	const char *name; /* [a-z0-9]+, not terminated when received: use name_len */
	const char *value;
	uint16_t name_len; /* 0 when sending: strlen */
	uint16_t value_len;
};

#define RHUMB_CLASS_LOWEST 8

struct rhumb_event {
	const char *topic;
	uint16_t topic_len; /* 0 when sending: strlen */
	const void *payload;
	uint32_t payload_len;
	const struct rhumb_attribute *attributes;
	uint16_t attribute_count;
	uint8_t service_class; /* 7 is the most urgent; 0 when sending: 3, the default; RHUMB_CLASS_LOWEST when sending: 0 */
	uint8_t hop_limit; /* 0 when sending: 32 */
	uint32_t ttl_ms; /* 0 when sending: none */
	uint64_t origin_ns; /* ns since 1970; 0 when sending: now */
	uint64_t publisher; /* incarnation of the publisher; with sequence the event's id; ignored when sending */
	uint64_t sequence;
	uint32_t schema_id;
	const uint8_t *traceparent; /* 26 bytes as on the wire, or NULL */
};

typedef void (*rhumb_event_cb)(void *arg, const struct rhumb_event *event);

/* Copies @options' strings. NULL with errno on ENOMEM, EINVAL. */
struct rhumb *rhumb_create(const struct rhumb_options *options);
/* Says goodbye when connected, frees everything. Accepts NULL. */
void rhumb_destroy(struct rhumb *r);

/* The last failure, a sentence. Valid until the next call. */
const char *rhumb_error(const struct rhumb *r);

/* Greet the router: resolves, three-way hello with back-off. 0, -ETIMEDOUT, -ECONNREFUSED (refused, with the router's reason). */
int rhumb_connect(struct rhumb *r, int timeout_ms);

/* How a filter is written (docs/filters.md). Topics are published, and arrive, in MQTT's form, whatever the filters are. */
enum rhumb_dialect { RHUMB_MQTT = 0, RHUMB_SOLACE = 1, RHUMB_NATS = 2, RHUMB_ZENOH = 3, RHUMB_AMQP = 4 };

/*
 * Subscribe and wait until every worker of the router has the filter (SUBACK). @filter in MQTT's dialect; with '!' in front it is
 * an exception, which takes away from what the session's other filters bring. @regex: payload pattern in Hyperscan syntax, or
 * NULL; an exception has none.
 * @cb runs in rhumb_poll for every event of this session that arrives; one callback a session: the last given counts.
 * 0, -EINVAL (refused: rhumb_error says why), -ETIMEDOUT. Subscriptions are renewed by the library after a reconnect.
 */
int rhumb_subscribe(struct rhumb *r, const char *filter, const char *regex, rhumb_event_cb cb,
	void *arg, int timeout_ms);

/* What a subscription costs the router, as it estimates (docs/topic-index.md, Prices). 65,535: that or more. All 0: not told. */
struct rhumb_price {
	uint32_t every_cycles; /* for each event of its tenant */
	uint32_t match_cycles; /* more for each event that it matches */
	uint32_t bytes;
};

#define RHUMB_DEAR_MAX 256

struct rhumb_subscription {
	const char *filter;
	/* What it asks of an event beside the topic, one of the three or none. */
	const char *regex; /* of the payload, in Hyperscan's syntax */
	int result;	   /* 0, or negative errno: -EINVAL refused, -ETIMEDOUT */
	enum rhumb_dialect dialect; /* of the filter; 0: RHUMB_MQTT */
	struct rhumb_price price;   /* out, with result 0 */
	const char *cesql;   /* CloudEvents SQL over attributes (docs/filters.md) */
	const char *filters; /* filters of the CloudEvents Subscriptions API, in JSON */
	char dear[RHUMB_DEAR_MAX]; /* out, with result 0: the part of an expression that is dear, or what its pattern costs to scan; a text for people, or empty */
};

/* Likewise for many at once, in any dialect, 64 a request. 0 when all are active, else the first result that is not 0; each has
 * its own. One filter written in two dialects is one subscription, and so is one expression in two spellings. 150 KiB of stack. */
int rhumb_subscribe_many(struct rhumb *r, struct rhumb_subscription *list, size_t count,
	rhumb_event_cb cb, void *arg, int timeout_ms);
/* Back when no worker of the router hands over another copy for it. -ENOENT when there is no such subscription. */
int rhumb_unsubscribe(struct rhumb *r, const char *filter, const char *regex, int timeout_ms);
/* Likewise for many at once, in any dialect that says the same filter. */
int rhumb_unsubscribe_many(struct rhumb *r, struct rhumb_subscription *list, size_t count, int timeout_ms);

/*
 * Publish one event. Large ones travel in fragments. -EAGAIN when credit is exhausted: call rhumb_poll, then again, or rhumb_publish_wait.
 * -EMSGSIZE when larger than the router takes, -EINVAL for a bad topic or attribute.
 */
int rhumb_publish(struct rhumb *r, const struct rhumb_event *event);
int rhumb_publish_wait(struct rhumb *r, const struct rhumb_event *event, int timeout_ms);

/* Handle what arrived, keep the session alive, wait up to @timeout_ms for more. Number of events handed to the callback, or
 * negative errno: -ECONNRESET when the router ended the session (rhumb_error has its reason). Back early, with 0, when
 * credit comes that an rhumb_publish had missed. */
int rhumb_poll(struct rhumb *r, int timeout_ms);
/* For an event loop of your own: poll this for reading, call rhumb_poll(r, 0) then and at least every rhumb_timeout ms. */
int rhumb_fd(const struct rhumb *r);
int rhumb_timeout(const struct rhumb *r);

/* With manual_credit: let the router send @events and @bytes more. */
int rhumb_grant(struct rhumb *r, uint64_t events, uint64_t bytes);
/* Wait until the router has received everything that was published (its credit covers it). 0, -ETIMEDOUT, -ECONNABORTED when
 * a new session began meanwhile: what was under way may be lost. */
int rhumb_flush(struct rhumb *r, int timeout_ms);

struct rhumb_stats {
	uint64_t published_events, published_bytes;
	uint64_t received_events, received_bytes;
	uint64_t lost_events;	 /* copies the router sent that never arrived */
	uint64_t dropped_events; /* copies the router dropped for us, as it reports */
	uint64_t bad_datagrams;	      /* malformed, or of no session of ours */
	uint64_t duplicate_datagrams; /* packet number seen before; their events were handed over all the same */
	uint64_t reassembled, reassembly_failed;
	uint64_t reconnects;	      /* sessions after the first */
	uint64_t unsent_events;	      /* taken by rhumb_publish, given up on the way to the socket */
	uint64_t credit_left_events, credit_left_bytes; /* that we may publish; all ones: no limit */
};
void rhumb_stats_get(const struct rhumb *r, struct rhumb_stats *out);

/* Percent-encode what a topic level cannot hold; see docs/protocol.md. Length, or -EMSGSIZE. */
int rhumb_encode_level(const void *bytes, size_t len, char *out, size_t room);

#ifdef __cplusplus
}
#endif
#endif
