#pragma once

/*
 * Looks at the workers' topics once a second while somebody asks for them, and not at all
 * otherwise: nothing is paid for rates that nobody reads. A pass goes in turns of some thousand
 * places, so that sessions are served in between. Ctx of everything: control loop.
 */

#include "controlplane/ctl/topics_merge.h"

#include <uv.h>

#define CTL_TOPICS_PERIOD_MS 1000
/* After the last question. */
#define CTL_TOPICS_KEEP_MS 10000

struct ctl_topics;

/* @merge: two passes, or more; NULL: the router stops, or there was no memory. */
typedef void (*ctl_topics_cb)(void *arg, const struct ctl_merge *merge);

/* NULL: out of memory. */
struct ctl_topics *ctl_topics_create(uv_loop_t *loop, const struct dp_engine *eng);
/* Answers who waits; freed when @loop has let go of it. Accepts NULL. */
void ctl_topics_destroy(struct ctl_topics *topics);

/* Call @cb once: now, or when the rates are there, in a second or a little more. */
void ctl_topics_ask(struct ctl_topics *topics, ctl_topics_cb cb, void *arg);
