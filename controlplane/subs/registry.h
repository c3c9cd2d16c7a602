#pragma once

/* Who has what. */

#include "controlplane/subs/content.h"
#include "controlplane/subs/request.h"

/* What tells subscriptions apart; the filter's bytes are another's. */
struct cp_sub_key {
	const char *filter; /* canonical */
	dp_session_id_t slot;
	dp_content_id_t content;
	uint16_t len;
	bool except;
};

/* registry.c: Ctx control loop */
struct cp_subs_session *cp_session_get(struct cp_subs *subs, dp_session_id_t slot);
void cp_session_trim(struct cp_subs *subs, struct cp_subs_session *s);
int cp_registry_init(struct cp_subs *subs);
/* Accepts a zeroed or half-made one. */
void cp_registry_fini(struct cp_subs *subs);
/* Its reference, or 0. */
uint32_t cp_registry_find(const struct cp_subs *subs, const struct cp_sub_key *key);
/* Takes over the caller's reference to @content; the filter's bytes must last until the builder has
 * answered. NULL: too many are under way. */
struct cp_adding *cp_registry_add(struct cp_subs *subs, struct cp_subs_session *s, uint16_t tenant,
	const struct cp_sub_key *key, struct cp_content *content);
/* Out of the registry, before the deletion is sent. */
void cp_registry_remove(struct cp_subs *subs, struct cp_subs_session *s, uint32_t ref);
/* The builder has answered. */
void cp_registry_change_done(struct cp_subs *subs, const struct cp_change *change);
/* The builder will not see it: we stop. */
void cp_registry_change_drop(struct cp_subs *subs, const struct cp_change *change);
/* Of a live one; NULL: none. */
struct cp_content *cp_registry_content(const struct cp_subs *subs, const struct dp_sub_info *info);

/* leave.c: Ctx control loop */
void cp_content_put(struct cp_subs *subs, struct cp_content *c);
/* Tell the builder of those that left; what used them was sent before. */
void cp_contents_flush(struct cp_subs *subs);
/* The builder has done it. Takes @job. */
void cp_contents_deleted(struct cp_subs *subs, struct cp_contents_job *job);
