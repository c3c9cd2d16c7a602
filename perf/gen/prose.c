#include "perf/gen/prose.h"

#include "dataplane/base/compiler.h"

#include <stdio.h>
#include <string.h>

static const char *const words[] = {"the", "a", "of", "and", "to", "in", "is", "for", "on", "with", "from", "by", "at", "was", "has", "not", "no", "new", "after", "before",
	"package", "update", "version", "release", "server", "client", "request", "response", "timeout", "retry", "connection", "closed", "opened", "pressure", "temperature",
	"valve", "pump", "motor", "line", "station", "sensor", "gateway", "reading", "value", "limit", "above", "below", "normal", "high", "low", "warning", "error", "info",
	"user", "page", "edit", "comment", "section", "article", "history", "link", "image", "category", "template", "order", "item", "price", "stock", "shipment", "customer",
	"security", "advisory", "fix", "memory", "buffer", "overflow", "remote", "local", "attacker", "could", "allow", "because", "when", "while", "between", "through", "several",
	"first", "second", "last", "next", "open", "source", "library", "kernel", "driver", "network", "module", "service"};
static const char *const members[] = {"host", "level", "text", "id", "time", "unit", "source", "status"};

#define PIECE_MAX 96

static const char *word(struct perf_random *rnd)
{
	return words[perf_random_below(rnd, RH_ARRAY_LEN(words))];
}

static const char *member(struct perf_random *rnd)
{
	return members[perf_random_below(rnd, RH_ARRAY_LEN(members))];
}

/* A word or two, a number, a member of JSON, a clock. */
static int piece(struct perf_random *rnd, char out[PIECE_MAX])
{
	unsigned number = (unsigned)perf_random_below(rnd, 100000);

	switch (perf_random_below(rnd, 16)) {
	case 0: return snprintf(out, PIECE_MAX, "\"%s\":\"%s-%u\",", member(rnd), word(rnd), number % 1000);
	case 1: return snprintf(out, PIECE_MAX, "{\"%s\":%u.%u,\"%s\":\"%s\"}\n", member(rnd), number / 100, number % 100, member(rnd), word(rnd));
	case 2: return snprintf(out, PIECE_MAX, "%02u:%02u:%02u.%03u ", number % 24, number % 60, number / 7 % 60, number % 1000);
	case 3: return snprintf(out, PIECE_MAX, "%u ", number);
	case 4: return snprintf(out, PIECE_MAX, "%s. ", word(rnd));
	default: return snprintf(out, PIECE_MAX, "%s ", word(rnd));
	}
}

void prose_fill(struct perf_random *rnd, uint8_t *out, size_t len)
{
	char text[PIECE_MAX];

	for (size_t at = 0; at < len;) {
		size_t n = (size_t)piece(rnd, text);

		n = n < len - at ? n : len - at;
		memcpy(out + at, text, n);
		at += n;
	}
}
