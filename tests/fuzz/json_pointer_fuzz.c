/*
 * JSON pointers and payloads from outside. Input: a pointer, a line end, a payload. Checked: a refusal names a byte of the pointer;
 * what is found is within the payload and, alone, again a JSON text of which the empty pointer finds all; twice is as once.
 */

#include "dataplane/cesql/pointer.h"

#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_found(struct rh_cesql_text payload, struct json_piece piece)
{
	unsigned quote = piece.kind == PIECE_STRING;
	struct json_piece again;

	must(piece.at >= quote && piece.at + piece.size + quote <= payload.size);
	payload = (struct rh_cesql_text){payload.bytes + piece.at - quote, piece.size + 2 * quote};
	must(!cesql_pointer_find((struct rh_cesql_text){"", 0}, payload, &again));
	must(again.kind == piece.kind && again.size == piece.size && again.at == quote && again.escaped == piece.escaped);
}

/* Decoded it is no longer than before. */
static void check_string(struct rh_cesql_text payload, struct json_piece piece)
{
	uint32_t size = 0;
	char bytes[4];

	for (uint32_t i = 0; i < piece.size;)
		size += cesql_json_decode(payload.bytes + piece.at, &i, bytes);
	must(size <= piece.size && (piece.escaped || size == piece.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const uint8_t *line = memchr(bytes, '\n', len);
	size_t size = line ? (size_t)(line - bytes) : len, where = SIZE_MAX;
	struct rh_cesql_text pointer = {(const char *)bytes, (uint32_t)size};
	struct rh_cesql_text payload = {line ? (const char *)line + 1 : "", line ? (uint32_t)(len - size - 1) : 0};
	struct json_piece piece = {.kind = PIECE_BAD};
	const char *why;

	if (cesql_pointer_check(pointer, &where)) {
		must(where < size);
		return 0;
	}
	why = cesql_pointer_find(pointer, payload, &piece);
	must(why == cesql_pointer_find(pointer, payload, &piece));
	if (why)
		return 0;
	must(piece.kind >= PIECE_STRING);
	check_found(payload, piece);
	if (piece.kind == PIECE_STRING)
		check_string(payload, piece);
	return 0;
}
