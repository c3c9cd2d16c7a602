#include "dataplane/api/topics.h"

#include "dataplane/worker/engine_priv.h"

void dp_topics_each(const struct dp_engine *eng, dp_topic_cb cb, void *arg)
{
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		dp_match_topics_each(eng->ctx[w]->match, cb, arg);
}
