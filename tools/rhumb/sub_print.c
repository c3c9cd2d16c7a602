/*
 * Lines of rhumb sub, written by hand: a JSON library would cost more than the rest of the client. What comes from the network
 * is escaped, so that it is one line and leaves a terminal alone.
 */
#include "tools/rhumb/base64.h"
#include "tools/rhumb/sub_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/utf8.h"
#include "dataplane/frame/wire.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SHA256_LEN 32

struct sub_printer {
	FILE *out;
	bool json, payload;
	EVP_MD_CTX *digest;
	EVP_MD *sha256;
	char base64[CLI_BASE64_LEN(RH_PAYLOAD_MAX) + 1];
};

struct sub_printer *sub_printer_create(FILE *out, bool json, bool payload)
{
	struct sub_printer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->out = out;
	p->json = json;
	p->payload = payload;
	p->digest = EVP_MD_CTX_new();
	p->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!p->digest || !p->sha256) {
		sub_printer_destroy(p);
		return NULL;
	}
	return p;
}

void sub_printer_destroy(struct sub_printer *p)
{
	if (!p)
		return;
	EVP_MD_CTX_free(p->digest);
	EVP_MD_free(p->sha256);
	free(p);
}

/* A JSON string of text that is UTF-8. */
static void string_print(FILE *out, const char *text, size_t len)
{
	size_t from = 0;

	putc_unlocked('"', out);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		(void)fwrite_unlocked(text + from, 1, i - from, out);
		from = i + 1;
		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else
			fprintf(out, "\\u%04x", c);
	}
	(void)fwrite_unlocked(text + from, 1, len - from, out);
	putc_unlocked('"', out);
}

static void attributes_print(FILE *out, const struct rhumb_event *event)
{
	fputs_unlocked(",\"attributes\":{", out);
	for (uint16_t i = 0; i < event->attribute_count; i++) {
		if (i)
			putc_unlocked(',', out);
		string_print(out, event->attributes[i].name, event->attributes[i].name_len);
		putc_unlocked(':', out);
		string_print(out, event->attributes[i].value, event->attributes[i].value_len);
	}
	putc_unlocked('}', out);
}

/* U+0000 is text to JSON but not to rh_utf8_valid: such payloads go as base64. */
static void payload_print(struct sub_printer *p, const struct rhumb_event *event)
{
	if (rh_utf8_valid(event->payload, event->payload_len, NULL)) {
		fputs_unlocked(",\"payload\":", p->out);
		string_print(p->out, event->payload, event->payload_len);
		return;
	}
	cli_base64_encode(event->payload, event->payload_len, p->base64);
	fprintf(p->out, ",\"payload_base64\":\"%s\"", p->base64);
}

static void digest_print(struct sub_printer *p, const struct rhumb_event *event)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[SHA256_LEN];
	char hex[2 * SHA256_LEN];

	(void)EVP_DigestInit_ex2(p->digest, p->sha256, NULL);
	(void)EVP_DigestUpdate(p->digest, event->payload, event->payload_len);
	(void)EVP_DigestFinal_ex(p->digest, sum, NULL);
	for (size_t i = 0; i < SHA256_LEN; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	fputs_unlocked(",\"payload_sha256\":\"", p->out);
	(void)fwrite_unlocked(hex, 1, sizeof(hex), p->out);
	putc_unlocked('"', p->out);
}

static void json_print(struct sub_printer *p, const struct rhumb_event *event)
{
	uint64_t now = rh_clock_wall_ns();

	fputs_unlocked("{\"topic\":", p->out);
	string_print(p->out, event->topic, event->topic_len);
	fprintf(p->out, ",\"publisher\":\"%016llx\",\"sequence\":%llu", (unsigned long long)event->publisher,
		(unsigned long long)event->sequence);
	attributes_print(p->out, event);
	fprintf(p->out, ",\"payload_len\":%u", event->payload_len);
	if (p->payload)
		payload_print(p, event);
	else
		digest_print(p, event);
	fprintf(p->out, ",\"origin_ns\":%llu,\"received_ns\":%llu,\"latency_us\":%lld}\n",
		(unsigned long long)event->origin_ns, (unsigned long long)now,
		(long long)(now - event->origin_ns) / 1000);
}

static void text_print(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			putc_unlocked(c, out);
	}
}

void sub_event_print(struct sub_printer *p, const struct rhumb_event *event)
{
	if (p->json) {
		json_print(p, event);
		return;
	}
	text_print(p->out, event->topic, event->topic_len);
	if (p->payload) {
		putc_unlocked(' ', p->out);
		text_print(p->out, event->payload, event->payload_len);
	}
	putc_unlocked('\n', p->out);
}

static void price_print_json(FILE *out, const struct rhumb_subscription *s)
{
	fputs_unlocked("{\"subscription\":{\"filter\":", out);
	string_print(out, s->filter, strlen(s->filter));
	fprintf(out, ",\"every_cycles\":%u,\"match_cycles\":%u,\"bytes\":%u,\"dear\":", s->price.every_cycles,
		s->price.match_cycles, s->price.bytes);
	string_print(out, s->dear, strlen(s->dear));
	fputs_unlocked("}}\n", out);
}

void sub_price_print(struct sub_printer *p, const struct rhumb_subscription *s)
{
	if (p->json) {
		price_print_json(p->out, s);
		return;
	}
	text_print(stderr, s->filter, strlen(s->filter));
	if (!s->price.match_cycles)
		fputs(": the router does not tell what it costs\n", stderr);
	else
		fprintf(stderr, ": %u cycles for each event, %u more for each that matches, %u bytes\n",
			s->price.every_cycles, s->price.match_cycles, s->price.bytes);
	if (!s->dear[0])
		return;
	fputs("  ", stderr);
	text_print(stderr, s->dear, strlen(s->dear));
	putc('\n', stderr);
}
