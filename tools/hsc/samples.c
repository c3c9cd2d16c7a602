#include "tools/hsc/hsc_priv.h"

#include <string.h>

static const char english[] =
	"The river runs past the old mill and the long road to the harbour, where twenty ships "
	"wait "
	"for the wind to turn. On Monday the 14th of March 2022 a letter came from the office: all "
	"orders that were placed before noon will be shipped today, the others tomorrow. Please "
	"call "
	"us at +44 20 7946 0958 or write to service@example.com if anything is missing. * Fix "
	"CVE-2021-44228: remote code execution in the lookup of names (Closes: #1001478)\n";
static const char json[] =
	"{\"id\":\"8c1f2e4a-77b1-4f0e-9f1c-0d5b7a3c2e11\",\"time\":\"2024-05-01T12:34:56.789Z\","
	"\"user\":\"alice\",\"delta\":-1234,\"isrobot\":false,\"tags\":[\"a\",\"bb\",\"ccc\"],"
	"\"page\":\"http://example.com/wiki/"
	"Main_Page?x=1&y=2\",\"price\":19.99,\"nested\":{\"k\":null}}\n";

static void fill_text(const char *text, size_t text_len, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)text[i % text_len];
}

/* xorshift64: the same bytes in every run, so that a pattern is judged alike each time. */
static void fill_random(uint8_t *out, size_t len)
{
	uint64_t x = 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		out[i] = (uint8_t)(x >> 32);
	}
}

void hsc_sample_fill(enum hsc_sample kind, uint8_t *out, size_t len)
{
	switch (kind) {
	case HSC_SAMPLE_ENGLISH:
		fill_text(english, sizeof(english) - 1, out, len);
		break;
	case HSC_SAMPLE_JSON:
		fill_text(json, sizeof(json) - 1, out, len);
		break;
	case HSC_SAMPLE_LETTER:
		memset(out, 'a', len);
		break;
	case HSC_SAMPLE_DIGIT:
		memset(out, '0', len);
		break;
	case HSC_SAMPLE_SPACE:
		memset(out, ' ', len);
		break;
	case HSC_SAMPLE_RANDOM:
		fill_random(out, len);
		break;
	case HSC_SAMPLE_ZERO:
	case HSC_SAMPLE_COUNT:
		memset(out, 0, len);
		break;
	}
}
