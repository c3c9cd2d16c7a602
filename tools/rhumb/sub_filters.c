/*
 * What rhumb sub asks for. Filters of the command line come first in the list and belong to it; those behind them were read from
 * a file and are ours.
 */
#include "tools/rhumb/sub_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct filters {
	struct rhumb_subscription *list;
	size_t count, room;
};

void sub_filters_free(const struct cli *cli, struct rhumb_subscription *list, size_t count)
{
	for (size_t i = cli->arg_count; i < count; i++)
		free((char *)list[i].filter);
	free(list);
}

/* Takes over @filter also when it fails. */
static bool filter_add(struct filters *f, char *filter)
{
	struct rhumb_subscription *more;

	if (filter && f->count == f->room) {
		more = realloc(f->list, 2 * f->room * sizeof(*more));
		if (more) {
			f->list = more;
			f->room *= 2;
		}
	}
	if (!filter || f->count == f->room) {
		free(filter);
		return false;
	}
	f->list[f->count++] = (struct rhumb_subscription){.filter = filter};
	return true;
}

/* One filter a line; empty lines say nothing. */
static bool file_read(struct filters *f, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	bool good = true;

	while (good && (len = getline(&line, &room, file)) >= 0) {
		if (len && line[len - 1] == '\n')
			line[--len] = '\0';
		if (len)
			good = filter_add(f, strdup(line));
	}
	free(line);
	return good && !ferror(file);
}

static int file_take(const struct cli *cli, struct filters *f, const char *name)
{
	FILE *file = fopen(name, "r");
	int code = CLI_OK;

	if (!file)
		return cli_fail(cli, CLI_REFUSED, "--filters-from %s: %s", name, strerror(errno));
	if (!file_read(f, file))
		code = cli_fail(cli, CLI_REFUSED, "--filters-from %s: %s", name, strerror(errno));
	(void)fclose(file);
	return code;
}

/* What holds for all of them; an exception takes away whatever the event is. */
static void options_take(const struct cli *cli, const struct filters *f, enum rh_dialect dialect)
{
	for (size_t i = 0; i < f->count; i++) {
		f->list[i].dialect = (enum rhumb_dialect)dialect;
		if (f->list[i].filter[0] == '!')
			continue;
		f->list[i].regex = cli_option(cli, "match");
		f->list[i].cesql = cli_option(cli, "cesql");
		f->list[i].filters = cli_option(cli, "filters");
	}
}

static int options_check(const struct cli *cli)
{
	if (!!cli_option(cli, "match") + !!cli_option(cli, "cesql") + !!cli_option(cli, "filters") > 1)
		return cli_fail(cli, CLI_USAGE, "give one of --match, --cesql and --filters");
	return CLI_OK;
}

int sub_filters_read(const struct cli *cli, struct rhumb_subscription **list, size_t *count)
{
	const char *name = cli_option(cli, "filters-from");
	struct filters f = {.room = cli->arg_count + 16u};
	enum rh_dialect dialect;
	int code = cli_dialect(cli, "dialect", RH_DIALECT_MQTT, &dialect);

	if (code == CLI_OK)
		code = options_check(cli);
	if (code != CLI_OK)
		return code;
	f.list = calloc(f.room, sizeof(*f.list));
	if (!f.list)
		return cli_fail(cli, CLI_REFUSED, "out of memory");
	for (; f.count < cli->arg_count; f.count++)
		f.list[f.count].filter = cli->args[f.count];
	if (name)
		code = file_take(cli, &f, name);
	if (code != CLI_OK) {
		sub_filters_free(cli, f.list, f.count);
		return code;
	}
	options_take(cli, &f, dialect);
	*list = f.list;
	*count = f.count;
	return CLI_OK;
}
