#include "controlplane/ctl/topics_merge.h"

#include "dataplane/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_NONE UINT32_MAX

int ctl_merge_init(struct ctl_merge *merge, uint64_t tsc_hz)
{
	*merge = (struct ctl_merge){.seed = rh_random_seed(), .tsc_hz = tsc_hz};
	return rh_htable_init(&merge->table);
}

static void drop(void *arg, struct rh_hnode *node)
{
	(void)arg;
	free(rh_container(node, struct ctl_topic, node));
}

void ctl_merge_fini(struct ctl_merge *merge)
{
	if (merge->table.buckets != NULL)
		rh_htable_each(&merge->table, drop, NULL);
	rh_htable_fini(&merge->table);
}

void ctl_merge_begin(struct ctl_merge *merge, uint64_t now_tsc)
{
	merge->pass++;
	merge->before_tsc = merge->began_tsc;
	merge->began_tsc = now_tsc;
	merge->left_out = merge->torn = 0;
}

static struct ctl_topic *topic_find(
	const struct ctl_merge *merge, const struct dp_topic_row *row, uint64_t hash)
{
	for (struct rh_hnode *n = rh_htable_find(&merge->table, hash); n != NULL;
		n = rh_htable_next(n, hash)) {
		struct ctl_topic *topic = rh_container(n, struct ctl_topic, node);

		if (topic->tenant == row->tenant && topic->topic_len == row->topic_len &&
			memcmp(topic->topic, row->topic, row->topic_len) == 0)
			return topic;
	}
	return NULL;
}

static struct ctl_topic *topic_add(
	struct ctl_merge *merge, const struct dp_topic_row *row, uint64_t hash)
{
	struct ctl_topic *topic = NULL;

	if (merge->table.count < CTL_TOPICS_MAX)
		topic = calloc(1, sizeof(*topic) + row->topic_len + 1);
	if (topic == NULL) {
		merge->left_out++;
		return NULL;
	}
	topic->tenant = row->tenant;
	topic->topic_len = row->topic_len;
	memcpy(topic->topic, row->topic, row->topic_len);
	rh_htable_insert(&merge->table, &topic->node, hash);
	return topic;
}

/* Its first row in this pass. */
static void begin_topic(struct ctl_topic *topic, uint32_t pass)
{
	topic->was_events = topic->events;
	topic->was_bytes = topic->bytes;
	topic->was_tsc = topic->read_tsc;
	topic->pass = pass;
	topic->source = SOURCE_NONE;
	topic->sources = 0;
	topic->events = topic->bytes = topic->most_events = 0;
	topic->since_tsc = topic->last_tsc = 0;
	topic->receivers = 0;
}

void ctl_merge_row(void *arg, const struct dp_topic_row *row)
{
	struct ctl_merge *merge = arg;
	uint64_t hash = rh_hash(row->topic, row->topic_len, merge->seed + row->tenant);
	struct ctl_topic *topic = topic_find(merge, row, hash);
	uint32_t source = row->worker << 16 | row->profile;

	if (topic == NULL)
		topic = topic_add(merge, row, hash);
	if (topic == NULL)
		return;
	if (topic->pass != merge->pass)
		begin_topic(topic, merge->pass);
	if (topic->source == source) {
		topic->events -= topic->source_events;
		topic->bytes -= topic->source_bytes;
	} else {
		topic->sources++;
	}
	topic->source = source;
	topic->source_events = row->events;
	topic->source_bytes = row->bytes;
	topic->events += row->events;
	topic->bytes += row->bytes;
	if (row->events >= topic->most_events) {
		topic->most_events = row->events;
		topic->worker = row->worker;
	}
	if (row->since_tsc > topic->since_tsc)
		topic->since_tsc = row->since_tsc;
	/* What the latest event had. */
	if (row->last_tsc >= topic->last_tsc) {
		topic->last_tsc = row->last_tsc;
		topic->receivers = row->receivers;
	}
	topic->read_tsc = row->read_tsc;
}

static double per_second(const struct ctl_merge *merge, uint64_t count, uint64_t ticks)
{
	return ticks ? (double)count * (double)merge->tsc_hz / (double)ticks : 0;
}

static void end_topic(void *arg, struct rh_hnode *node)
{
	struct ctl_topic *topic = rh_container(node, struct ctl_topic, node);
	struct ctl_merge *merge = arg;
	uint64_t ticks;

	if (topic->pass != merge->pass) {
		rh_htable_remove(&merge->table, node);
		free(topic);
		return;
	}
	if (topic->was_tsc && topic->events >= topic->was_events &&
		topic->bytes >= topic->was_bytes) {
		ticks = topic->read_tsc - topic->was_tsc;
		topic->events_per_s = per_second(merge, topic->events - topic->was_events, ticks);
		topic->bytes_per_s = per_second(merge, topic->bytes - topic->was_bytes, ticks);
		return;
	}
	/* New, or counted anew: all it has came since it was first seen or since the pass before,
	 * whichever is longer ago. */
	ticks = topic->read_tsc - topic->since_tsc;
	if (merge->before_tsc && merge->began_tsc - merge->before_tsc > ticks)
		ticks = merge->began_tsc - merge->before_tsc;
	topic->events_per_s = per_second(merge, topic->events, ticks);
	topic->bytes_per_s = per_second(merge, topic->bytes, ticks);
}

void ctl_merge_end(struct ctl_merge *merge)
{
	rh_htable_each(&merge->table, end_topic, merge);
}
