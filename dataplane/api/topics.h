#pragma once

/*
 * Topics seen, for `show topics`: read from the workers' result caches, so it costs workers nothing beyond a counter
 * per cached topic; bounded by the cache.
 */

#include <stdint.h>

struct dp_engine;

struct dp_topic_row {
	char topic[1025];
	uint16_t tenant;
	uint32_t worker;
	uint32_t receivers;
	uint64_t events;
};

typedef void (*dp_topic_cb)(void *arg, const struct dp_topic_row *row);
/* Call @cb for each topic in the caches; a row that changed while it was read is skipped. Ctx: control. */
void dp_topics_each(const struct dp_engine *eng, dp_topic_cb cb, void *arg);
