#include "controlplane/api/ctl.h"

#include "dataplane/base/compiler.h"
#include "dataplane/frame/bytes.h"

#include <errno.h>

struct message_row {
	uint16_t value;
	const char *name;
	enum ctl_permission permission;
	const char *help;
};

static const struct message_row messages[] = {
#define X(id, value, name, permission, help) {value, name, permission, help},
	CTL_MESSAGES(X)
#undef X
};

static const char *const statuses[] = {
#define X(id, value, name) [value] = name,
	CTL_STATUSES(X)
#undef X
};

int ctl_header_parse(const uint8_t *in, struct ctl_header *out, struct rh_error *err)
{
	uint16_t version = rh_load_be16(in);
	uint32_t length = rh_load_be32(in + 4);

	if (version != CTL_VERSION)
		return rh_error_set(err, EPROTO,
			"control protocol version %u is not spoken here: %d is, use the rhumb of the same release",
			version, CTL_VERSION);
	if (length > CTL_BODY_MAX)
		return rh_error_set(err, EMSGSIZE, "control message of %u bytes: at most %d are taken",
			length, CTL_BODY_MAX);
	out->version = version;
	out->type = rh_load_be16(in + 2);
	out->length = length;
	out->request = rh_load_be32(in + 8);
	out->status = rh_load_be16(in + 12);
	out->flags = rh_load_be16(in + 14);
	return 0;
}

void ctl_header_encode(uint8_t *out, const struct ctl_header *h)
{
	rh_store_be16(out, h->version);
	rh_store_be16(out + 2, h->type);
	rh_store_be32(out + 4, h->length);
	rh_store_be32(out + 8, h->request);
	rh_store_be16(out + 12, h->status);
	rh_store_be16(out + 14, h->flags);
}

static const struct message_row *row_of(uint16_t type)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(messages); i++)
		if (messages[i].value == type)
			return &messages[i];
	return NULL;
}

const char *ctl_type_name(uint16_t type)
{
	const struct message_row *row = row_of(type);

	return row ? row->name : NULL;
}

const char *ctl_type_help(uint16_t type)
{
	const struct message_row *row = row_of(type);

	return row ? row->help : NULL;
}

int ctl_type_permission(uint16_t type)
{
	const struct message_row *row = row_of(type);

	return row ? (int)row->permission : -ENOENT;
}

const char *ctl_status_name(uint16_t status)
{
	return status < RH_ARRAY_LEN(statuses) ? statuses[status] : NULL;
}
