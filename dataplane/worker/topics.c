#include "dataplane/api/topics.h"

#include "dataplane/match/topics_crowd.h"
#include "dataplane/worker/engine_priv.h"

#include <string.h>

uint64_t dp_topics_places(const struct dp_engine *eng, uint32_t worker)
{
	return dp_match_topics_places(eng->ctx[worker]->match);
}

uint64_t dp_topics_scan(const struct dp_engine *eng, uint32_t worker, uint64_t from, uint64_t to,
	dp_topic_cb cb, void *arg)
{
	return dp_match_topics_scan(eng->ctx[worker]->match, from, to, cb, arg);
}

void dp_topics_each(const struct dp_engine *eng, dp_topic_cb cb, void *arg)
{
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		dp_match_topics_each(eng->ctx[w]->match, cb, arg);
}

uint64_t dp_topics_missed(const struct dp_engine *eng, uint32_t worker, uint16_t tenant,
	const char *topic, size_t len)
{
	return dp_match_topic_missed(eng->ctx[worker]->match, tenant, topic, len);
}

void dp_topics_rest(const struct dp_engine *eng, struct dp_topics_rest *out)
{
	struct dp_topic_crowd crowd;

	memset(&crowd, 0, sizeof(crowd));
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		dp_match_topics_crowd(eng->ctx[w]->match, &crowd);
	dp_topic_crowd_estimate(&crowd, out);
}
