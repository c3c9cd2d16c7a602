/*
 * The control socket's header, the only part of the protocol that is read before there is a connection to answer on.
 */
#include "controlplane/api/ctl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ctl_header head;
	struct rh_error err;
	uint8_t again[CTL_HDR];

	if (len < CTL_HDR)
		return 0;
	err.text[0] = '\0';
	if (ctl_header_parse(bytes, &head, &err) < 0) {
		if (!err.text[0])
			abort();
		return 0;
	}
	if (head.length > CTL_BODY_MAX)
		abort();
	ctl_header_encode(again, &head);
	if (memcmp(again, bytes, CTL_HDR) != 0)
		abort();
	/* A name, a help text and a permission, or none of them. */
	if (!ctl_type_name(head.type) != (ctl_type_permission(head.type) < 0) ||
		!ctl_type_name(head.type) != !ctl_type_help(head.type))
		abort();
	(void)ctl_status_name(head.status);
	return 0;
}
