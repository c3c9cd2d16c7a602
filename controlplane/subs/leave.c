/*
 * Expressions that nobody wants any more: their patterns are let go at once, and the builder takes
 * them out of the table, behind the subscriptions that used them.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/log.h"

#include <stdlib.h>

void cp_content_put(struct cp_subs *subs, struct cp_content *c)
{
	if (--c->refs)
		return;
	for (uint16_t i = 0; i < c->patterns; i++)
		cp_pattern_put(subs->tenants[c->tenant]->by_id[c->pattern[i]]);
	cp_content_leave(&subs->contents, c);
}

void cp_contents_flush(struct cp_subs *subs)
{
	struct cp_contents_job *job;

	if (!subs->contents.leaving)
		return;
	job = calloc(1, sizeof(*job));
	/* Without memory they go with a later turn. */
	if (!job)
		return;
	job->builder.kind = CP_BUILDER_CONTENTS;
	job->first = cp_contents_left(&subs->contents);
	cp_lane_push(&subs->builder, &job->builder.job);
}

void cp_contents_deleted(struct cp_subs *subs, struct cp_contents_job *job)
{
	struct cp_content *c, *next;

	for (c = job->first; c; c = next) {
		next = c->next ? cp_content_at(&subs->contents, c->next) : NULL;
		/* Its number is not given again. */
		if (c->added)
			rh_log_error(SUBS, "content %u stays in the table: %s", c->id,
				job->builder.err.text);
		else
			cp_content_free(&subs->contents, c);
	}
	free(job);
}
