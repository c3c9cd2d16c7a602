/*
 * The table of docs/decisions/0008: TSC cycles a lookup in the topic index, result cache off, and bytes a
 * filter, by number of filters and share of wildcards; in the last column DPDK's own hash table, exact
 * topics in bulk, which is what a table costs that knows no wildcards. One match each, uniform topics,
 * bursts of 32, one thread, no ports. Every table's answers are compared with the construction before
 * anything is timed. All are filled first and then timed in turn, a pass each and round after round, so
 * that what else the machine does meets all of them.
 */

#include "perf/bench/index_hash.h"
#include "perf/gen/options.h"

#include "dataplane/api/port.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/base/rcu.h"
#include "dataplane/match/match_lookup.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST	    INDEX_HASH_BULK
#define EVENTS	    262144
#define ROUNDS_MOST 101
#define COLUMNS	    4
#define ROWS	    4
#define HASH_COLUMN 3
/* EAL's memory: ten million keys of 48 bytes in the yardstick, and a million, and their buckets. */
#define HASH_MIB 2560

static const uint32_t sizes[ROWS] = {1, 1000, 1000000, 10000000};
static const uint32_t wildcards[COLUMNS] = {0, 25, 100, 0};

struct cell {
	struct workload load;
	struct dp_table *table;
	struct dp_match *match;
	struct index_hash *hash; /* instead of them */
	struct dp_match_key *keys;
	char (*topics)[WORKLOAD_TEXT_MAX];
	double sample[ROUNDS_MOST];
	double bytes;
	uint64_t shapes, receivers;
};

static struct cell cells[ROWS][COLUMNS];

static struct {
	uint32_t rounds, most, core;
	bool hugepages, hold;
	const char *file_prefix;
} options = {.rounds = 15, .most = 10000000, .core = 1, .file_prefix = "rhumb-perf-index"};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "rhumb-perf-index: %s\n", what);
	exit(1);
}

/* One filter is exact or is not; a quarter of it is neither. */
static bool is_used(uint32_t row, uint32_t column)
{
	return sizes[row] <= options.most && (sizes[row] > 1 || wildcards[column] % 100 == 0);
}

static void workload_open(struct cell *cell, uint32_t filters, uint32_t percent)
{
	const struct workload_spec spec = {.topics = filters,
		.subscriptions = filters,
		.wildcards = percent,
		.copies = 1,
		.publishers = 1,
		.subscribers = filters < 1000 ? filters : 1000,
		.datagrams = EVENTS,
		.events = 1,
		.seed = OPTIONS_SEED};
	struct rh_error err = {""};

	must(workload_init(&cell->load, &spec, &err) == 0, err.text);
	cell->topics = calloc(EVENTS, sizeof(*cell->topics));
	cell->keys = calloc(EVENTS, sizeof(*cell->keys));
	must(cell->topics && cell->keys, "no memory for the topics");
	for (uint32_t e = 0; e < EVENTS; e++)
		cell->keys[e] = (struct dp_match_key){.topic = cell->topics[e],
			.topic_len = (uint16_t)workload_topic(&cell->load, e, cell->topics[e])};
}

static void table_fill(struct cell *cell)
{
	char text[WORKLOAD_TEXT_MAX];
	struct rh_filter filter;
	dp_sub_id_t sub;

	for (uint32_t s = 0; s < cell->load.spec.subscriptions; s++) {
		uint32_t len = workload_filter(&cell->load, s, text);

		must(rh_filter_parse(RH_DIALECT_MQTT, text, len, &filter, NULL) == 0, text);
		must(dp_table_sub_add(cell->table, 0, &filter, workload_subscriber(&cell->load, s),
			     0, &sub, NULL) == 0,
			text);
		if (s % 256 == 0)
			rh_rcu_quiescent();
	}
	(void)dp_table_publish(cell->table);
	rh_rcu_offline();
	rh_rcu_barrier();
	rh_rcu_online();
}

static void table_open(struct cell *cell)
{
	const struct dp_table_conf conf = {.seed = OPTIONS_SEED, .max_workers = 1};
	struct dp_table_stats stats;

	must(dp_table_create(&conf, &cell->table, NULL) == 0, "no table");
	must(dp_match_create(cell->table, 0, &cell->match) == 0, "no matching state");
	table_fill(cell);
	dp_table_stats(cell->table, &stats);
	must(stats.filters == cell->load.filters, "not every filter is another");
	cell->bytes = (double)stats.bytes / (double)stats.filters;
	cell->shapes = stats.shapes;
}

static void check_burst(struct cell *cell, uint32_t e)
{
	struct dp_match_result results[BURST];

	(void)dp_match_begin(cell->match);
	dp_match_burst(cell->match, cell->keys + e, BURST, results);
	for (uint32_t i = 0; i < BURST; i++) {
		uint32_t copies = workload_copies(&cell->load, e + i);

		must(results[i].count == copies, "wrong number of receivers");
		must(!copies || results[i].receivers[0].session ==
					workload_receiver(&cell->load, e + i, 0),
			"wrong receiver");
		cell->receivers += copies ? results[i].receivers[0].session : 0;
	}
}

static void hash_check_burst(const struct cell *cell, uint32_t e)
{
	uint64_t sum = 0, wanted = 0;
	uint32_t found = index_hash_look(cell->hash, cell->topics + e, &sum), copies = 0;

	for (uint32_t i = 0; i < BURST; i++) {
		if (!workload_copies(&cell->load, e + i))
			continue;
		copies++;
		wanted += workload_receiver(&cell->load, e + i, 0);
	}
	must(found == copies && sum == wanted, "the yardstick is wrong");
}

static void cell_open(struct cell *cell, uint32_t row, uint32_t column)
{
	struct rh_error err = {""};

	workload_open(cell, sizes[row], wildcards[column]);
	if (column == HASH_COLUMN)
		must(index_hash_create(&cell->load, &cell->hash, &err) == 0, err.text);
	else
		table_open(cell);
	for (uint32_t e = 0; e < EVENTS; e += BURST) {
		if (cell->hash)
			hash_check_burst(cell, e);
		else
			check_burst(cell, e);
		rh_rcu_quiescent();
	}
}

static void cell_close(struct cell *cell)
{
	index_hash_destroy(cell->hash);
	dp_match_destroy(cell->match);
	dp_table_destroy(cell->table);
	workload_fini(&cell->load);
	free(cell->topics);
	free(cell->keys);
}

/* TSC cycles for one event of a pass of the trace. */
static double pass(struct cell *cell)
{
	struct dp_match_result results[BURST];
	uint64_t start = rh_tsc();

	for (uint32_t e = 0; e < EVENTS; e += BURST) {
		if (cell->hash) {
			(void)index_hash_look(cell->hash, cell->topics + e, &cell->receivers);
			continue;
		}
		(void)dp_match_begin(cell->match);
		dp_match_burst(cell->match, cell->keys + e, BURST, results);
		for (uint32_t i = 0; i < BURST; i++)
			cell->receivers += results[i].count;
		rh_rcu_quiescent();
	}
	return (double)(rh_tsc() - start) / EVENTS;
}

typedef void (*cell_do)(struct cell *cell, uint32_t row, uint32_t column);

static void cells_each(cell_do what)
{
	for (uint32_t row = 0; row < ROWS; row++)
		for (uint32_t column = 0; column < COLUMNS; column++)
			if (is_used(row, column))
				what(&cells[row][column], row, column);
}

static uint32_t turn;

static void cell_time(struct cell *cell, uint32_t row, uint32_t column)
{
	(void)row;
	(void)column;
	/* What the others left in the caches of the core goes first. */
	if (cell->load.spec.subscriptions <= 1000)
		(void)pass(cell);
	cell->sample[turn] = pass(cell);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void cell_close_each(struct cell *cell, uint32_t row, uint32_t column)
{
	(void)row;
	(void)column;
	cell_close(cell);
}

static void cell_sort(struct cell *cell, uint32_t row, uint32_t column)
{
	(void)row;
	(void)column;
	qsort(cell->sample, options.rounds, sizeof(cell->sample[0]), by_value);
}

static void machine_print(void)
{
	char line[256] = "", *name = NULL;
	FILE *f = fopen("/proc/cpuinfo", "re");

	while (f && !name && fgets(line, sizeof(line), f))
		name = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
	if (f)
		(void)fclose(f);
	if (name)
		name[strcspn(name, "\n")] = '\0';
	(void)printf("%s, TSC %.2f GHz, core %u; %d events a pass in bursts of %d, %u rounds; yardstick in %s pages\n\n",
		name ? name + 2 : "CPU unknown", (double)rh_tsc_hz() / 1e9, options.core, EVENTS,
		BURST, options.rounds, options.hugepages ? "huge" : "4 KiB");
}

static void row_print(uint32_t row)
{
	(void)printf("| %u |", sizes[row]);
	for (uint32_t column = 0; column < COLUMNS; column++) {
		const struct cell *cell = &cells[row][column];

		if (!is_used(row, column))
			(void)printf(" |");
		else if (cell->hash)
			(void)printf(" %.0f (%.0f) |", cell->sample[options.rounds / 2], cell->sample[0]);
		else
			(void)printf(" %.0f (%.0f), %lu shapes, %.0f B |",
				cell->sample[options.rounds / 2], cell->sample[0], cell->shapes,
				cell->bytes);
	}
	(void)printf("\n");
}

static void table_print(void)
{
	machine_print();
	(void)printf("TSC cycles a lookup, median (least); bytes a filter with its one subscriber\n\n"
		     "| filters | no wildcards | 25 %% | 100 %% | rte_hash in bulk, exact only |\n"
		     "|---|---|---|---|---|\n");
	for (uint32_t row = 0; row < ROWS; row++)
		if (sizes[row] <= options.most)
			row_print(row);
}

static void eal_open(void)
{
	struct dp_eal_conf conf = {.file_prefix = options.file_prefix,
		.hugepages = options.hugepages ? DP_HUGEPAGES_ON : DP_HUGEPAGES_OFF,
		.memory_mb = HASH_MIB,
		.control_core = options.core,
		.cores = {!options.core},
		.core_count = 1};
	struct rh_error err = {""};

	must(dp_eal_start(&conf, &err) == 0, err.text);
}

static void hold(void)
{
	if (!options.hold)
		return;
	(void)printf("filled and checked: a line on standard input starts the rounds\n");
	(void)fflush(stdout);
	rh_rcu_offline();
	(void)getchar();
	rh_rcu_online();
}

static int options_take(int argc, char **argv)
{
	const struct option_row rows[] = {
		{"rounds", OPTION_U32, &options.rounds, "of one pass over each table", NULL},
		{"most", OPTION_U32, &options.most, "filters in a table", NULL},
		{"core", OPTION_U32, &options.core, "where it runs", NULL},
		{"huge", OPTION_ON, &options.hugepages, "hugepages for the yardstick, 2.5 GiB", NULL},
		{"hold", OPTION_ON, &options.hold, "wait for a line on standard input before the rounds", NULL},
		{"file-prefix", OPTION_TEXT, &options.file_prefix, "DPDK's name for this process", NULL},
	};
	struct rh_error err = {""};

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		options_print("rhumb-perf-index", rows, RH_ARRAY_LEN(rows));
		return 1;
	}
	must(options_parse(argc, argv, rows, RH_ARRAY_LEN(rows), &err) == 0, err.text);
	must(options.rounds && options.rounds <= ROUNDS_MOST, "--rounds: 1 to 101");
	return 0;
}

int main(int argc, char **argv)
{
	if (options_take(argc, argv))
		return 0;
	eal_open();
	rh_rcu_register();
	cells_each(cell_open);
	hold();
	for (turn = 0; turn < options.rounds; turn++)
		cells_each(cell_time);
	cells_each(cell_sort);
	table_print();
	cells_each(cell_close_each);
	rh_rcu_barrier();
	rh_rcu_unregister();
	dp_eal_stop();
	return 0;
}
