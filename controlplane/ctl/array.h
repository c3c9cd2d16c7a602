#pragma once

#include "controlplane/ctl/call.h"

/* Reply with the array @rows under @key, in parts, @head's members in the first (may be NULL).
 * Takes both. */
void ctl_reply_array(struct ctl_call *call, const char *key, json_t *rows, json_t *head);
