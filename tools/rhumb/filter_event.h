#pragma once

/* A CloudEvent in JSON (CloudEvents JSON format 1.0), as CESQL sees it. */

#include "dataplane/base/error.h"
#include "dataplane/cesql/value.h"

#include <jansson.h>

struct filter_event {
	struct rh_cesql_event event;
	struct rh_cesql_attribute *attributes;
	char *payload;
};

/*
 * @json, which must outlive @out, is an object, or NULL for an event without attributes. null is an absent attribute.
 * The payload is what data_base64 encodes; or data: a string itself, where datacontenttype is not JSON, anything else as JSON
 * without blanks. -EINVAL with a sentence in @err, or -ENOMEM; @out then needs no fini.
 */
int filter_event_init(struct filter_event *out, const json_t *json, struct rh_error *err);
void filter_event_fini(struct filter_event *event);
