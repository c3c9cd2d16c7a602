#include "dataplane/cesql/payload.h"

#include "dataplane/base/utf8.h"
#include "dataplane/cesql/known.h"

static const struct rh_cesql_known_value *known_find(const struct rh_cesql_known *known, struct rh_cesql_text pointer)
{
	for (unsigned i = 0; i < known->values; i++)
		if (rh_cesql_texts_equal(known->value[i].pointer, pointer))
			return &known->value[i];
	return NULL;
}

static void known_add(struct rh_cesql_known *known, struct rh_cesql_text pointer, const char *why, const struct json_piece *piece)
{
	if (known->values == RH_CESQL_KNOWN_VALUES)
		return;
	known->value[known->values++] = (struct rh_cesql_known_value){
		pointer, why, piece->at, piece->size, (uint8_t)piece->kind, piece->escaped};
}

const char *cesql_payload_find(const struct rh_cesql_event *event, struct rh_cesql_text pointer, struct json_piece *out)
{
	const struct rh_cesql_known_value *known = event->known ? known_find(event->known, pointer) : NULL;
	const char *why;

	if (known) {
		*out = (struct json_piece){(enum json_kind)known->kind, known->escaped, known->at, known->size};
		return known->why;
	}
	*out = (struct json_piece){.kind = PIECE_END};
	why = cesql_pointer_find(pointer, event->payload, out);
	if (event->known)
		known_add(event->known, pointer, why, out);
	return why;
}

bool cesql_payload_is_text(const struct rh_cesql_event *event)
{
	struct rh_cesql_known *known = event->known;
	bool text;

	if (known && known->text_known)
		return known->text;
	text = rh_utf8_valid((const uint8_t *)event->payload.bytes, event->payload.size, NULL);
	if (known) {
		known->text = text;
		known->text_known = true;
	}
	return text;
}
