/*
 * Lines of rhumb pub --batch, which any program may have written. Checked: a line is either told to be bad and counted, or an
 * event whose every byte can be read, within the limits of the library; the parser's memory serves line after line.
 */
#include "tools/rhumb/pub_priv.h"

#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What it sums up to does not matter; that it can be read does. */
static unsigned read_all(const void *bytes, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += ((const uint8_t *)bytes)[i];
	return sum;
}

static unsigned event_check(const struct rhumb_event *event, size_t line_len)
{
	unsigned sum = read_all(event->topic, event->topic_len) + read_all(event->payload, event->payload_len);

	must(event->topic && event->topic_len && event->topic_len < line_len);
	must(event->payload_len < line_len);
	must(event->attribute_count <= PUB_ATTRIBUTES_MAX);
	for (uint16_t i = 0; i < event->attribute_count; i++) {
		const struct rhumb_attribute *a = &event->attributes[i];

		must(strlen(a->name) <= line_len && strlen(a->value) <= UINT16_MAX);
		sum += read_all(a->name, strlen(a->name)) + read_all(a->value, strlen(a->value));
	}
	must(event->service_class <= 7 || event->service_class == RHUMB_CLASS_LOWEST);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static volatile unsigned sum;
	struct cli cli = {.out = stdout};
	/* Complaints beyond the first few are only counted: none is printed here. */
	struct pub p = {.cli = &cli, .complaints = UINT32_MAX};
	struct pub_line *line = pub_line_create();
	uint64_t number = 0, bad;

	must(line);
	while (len) {
		const uint8_t *newline = memchr(bytes, '\n', len);
		size_t line_len = newline ? (size_t)(newline - bytes) : len;
		struct rhumb_event event;

		bad = p.invalid;
		if (pub_line_parse(&p, line, (const char *)bytes, line_len, ++number, &event))
			sum += event_check(&event, line_len);
		else
			bad++;
		must(p.invalid == bad && p.complaints == UINT32_MAX + bad);
		line_len += newline != NULL;
		bytes += line_len;
		len -= line_len;
	}
	pub_line_destroy(line);
	return 0;
}
