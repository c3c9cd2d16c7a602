/*
 * Cycles of the parts of an expression, for the constants of dataplane/cesql/price.c: each by itself, in the first-level cache, on an
 * event of six attributes with values of 24 bytes and a payload of JSON. Prints the least and the median of batches: the least is the
 * cost; and the least for a payload of which another expression has asked the same. A scan by Hyperscan stands in bench match and in scenario content.
 */
#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/cesql/known.h"
#include "dataplane/cesql/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS	1000
#define BATCHES 401

static const char *const expressions[] = {"TRUE", "TRUE AND TRUE", "HOLDS(TRUE)", "EXISTS subject", "e = 1", "f AND TRUE", "subject = 'abcdefghijklmnopqrstuvwx'",
	"subject = 1", "f = 'x'", "e IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)", "e + 1 = 1", "subject LIKE 'abcdef%'", "subject LIKE '%abcdef%'",
	"LENGTH(subject) = 3", "UPPER(subject) = 'x'", "LEFT(subject, 9) = 'x'", "CONCAT(subject, subject) = 'x'", "TRIM(subject) = 'x'", "payload LIKE '%'",
	"JSON(payload, '/none') = 1", "JSON(payload, '/user/name') = 'Ann'", "MATCHES(payload, 'x')"};

static char payload[257];

#define TEXT_OF(literal) {.type = RH_CESQL_TYPE_STRING, .text = {literal, sizeof(literal) - 1}}

static const struct rh_cesql_attribute attributes[] = {{{"id", 2}, TEXT_OF("0123456789abcdefghijklmn")}, {{"source", 6}, TEXT_OF("/plant/7/hall/9/press/12x")},
	{{"type", 4}, TEXT_OF("com.example.made.pressed")}, {{"subject", 7}, TEXT_OF("abcdefghijklmnopqrstuvwx")},
	{{"e", 1}, {.type = RH_CESQL_TYPE_INTEGER, .integer = 5}}, {{"f", 1}, {.type = RH_CESQL_TYPE_BOOLEAN, .boolean = true}}};

/* 256 bytes, as sensors and services write them. */
static void payload_make(void)
{
	size_t len = (size_t)snprintf(payload, sizeof(payload), "{\"user\":{\"name\":\"Ann\",\"mail\":\"ann@example.com\"},\"level\":7,\"values\":[");

	while (len < 240)
		len += (size_t)snprintf(payload + len, sizeof(payload) - len, "%d,", (int)len % 100);
	(void)snprintf(payload + len, sizeof(payload) - len, "0]%*s", (int)(256 - len - 3), "");
	payload[255] = '}';
}

static int never(void *arg, uint32_t pattern, struct rh_cesql_text text)
{
	(void)arg;
	(void)pattern;
	(void)text;
	return 0;
}

static int cycles_order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Fills @cycles, in ascending order; returns how often it was true. */
static uint64_t measure(const struct rh_cesql_program *program, struct rh_cesql_known *known, double *cycles)
{
	static struct rh_cesql_scratch scratch;
	struct rh_cesql_event event = {
		.attribute = attributes, .count = RH_ARRAY_LEN(attributes), .payload = {payload, 256}, .known = known, .matches = never};
	uint64_t sum = 0;

	for (unsigned b = 0; b < BATCHES; b++) {
		uint64_t start = rh_tsc();

		for (unsigned r = 0; r < ROUNDS; r++)
			sum += rh_cesql_matches(program, &event, &scratch);
		cycles[b] = (double)(rh_tsc() - start) / ROUNDS;
	}
	qsort(cycles, BATCHES, sizeof(cycles[0]), cycles_order);
	return sum;
}

static void expression_run(const char *text)
{
	static struct rh_cesql_tree tree;
	static double cycles[BATCHES], again[BATCHES];
	struct rh_cesql_known known = {0};
	struct rh_cesql_program *program;
	uint64_t sum;

	if (rh_cesql_parse(text, strlen(text), &tree, NULL, NULL) < 0 || rh_cesql_compile(&tree, &program, NULL) < 0)
		abort();
	sum = measure(program, NULL, cycles);
	sum += measure(program, &known, again);
	printf("%-42s %6.1f min %6.1f median, %6.1f min known, cycles, %4zu bytes (sum %llu)\n", text, cycles[0], cycles[BATCHES / 2], again[0],
		rh_cesql_program_size(program), (unsigned long long)sum);
	rh_cesql_destroy(program);
}

int main(void)
{
	payload_make();
	for (size_t i = 0; i < RH_ARRAY_LEN(expressions); i++)
		expression_run(expressions[i]);
	return 0;
}
