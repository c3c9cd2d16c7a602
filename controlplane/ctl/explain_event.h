#pragma once

#include "controlplane/ctl/array.h"

#include "dataplane/api/table.h"

/*
 * "topic", "payload_base64" and "attributes" of @call. False: it was refused. The topic stays the call's, payload and attributes
 * are for ctl_explain_event_free.
 */
bool ctl_explain_event_take(struct ctl_call *call, struct dp_explain_event *event);
void ctl_explain_event_free(struct dp_explain_event *event);
