#include "tools/rhumb/fail.h"

#include "tools/rhumb/json_line.h"
#include "tools/rhumb/nearest.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
	[CLI_REFUSED] = "refused", [CLI_USAGE] = "usage", [CLI_NO_DAEMON] = "no_daemon"};

json_t *fail_text_json(char *text)
{
	json_t *value = json_string(text);

	for (char *c = text; !value && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return value ? value : json_string(text);
}

static void json_fail(const struct cli *cli, int code, char *sentence)
{
	json_t *line = json_pack("{s:o, s:s, s:s?}", "error", fail_text_json(sentence), "kind", kinds[code], "command",
		cli->command ? cli->command->words : NULL);

	cli_json_line(stderr, line);
	json_decref(line);
}

/* One line, that leaves a terminal alone. */
static void text_fail(const struct cli *cli, const char *sentence)
{
	fprintf(stderr, "rhumb%s%s: ", cli->command ? " " : "", cli->command ? cli->command->words : "");
	for (; *sentence; sentence++) {
		unsigned char c = (unsigned char)*sentence;

		if (c < 0x20 || c == 0x7f)
			fprintf(stderr, "\\x%02x", c);
		else
			fputc(c, stderr);
	}
	fputc('\n', stderr);
}

int cli_fail(const struct cli *cli, int code, const char *fmt, ...)
{
	char *sentence = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&sentence, fmt, args);
	va_end(args);
	if (len < 0)
		fprintf(stderr, "rhumb: out of memory\n");
	else if (cli->json)
		json_fail(cli, code, sentence);
	else
		text_fail(cli, sentence);
	if (len >= 0)
		free(sentence);
	return code;
}

/* The second words of @family: "status, ports, ...". The caller's; NULL when out of memory. */
static char *second_words(const char *family)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	const char *separator = "";

	if (!to)
		return NULL;
	for (size_t i = 0; i < cli_command_count; i++) {
		const char *second = cli_second_word(&cli_commands[i], family);

		if (second) {
			fprintf(to, "%s%s", separator, second);
			separator = ", ";
		}
	}
	(void)fclose(to);
	return text;
}

/*
 * Each row by its whole words, and what can be shown by its noun alone: "rhumb sessions" wants "show sessions". A verb alone says
 * too little: "rhumb stop" must not be answered with the end of a trace.
 */
static const char *command_meant(const char *first, const char *second)
{
	struct nearest best = {0};
	char both[80];

	(void)snprintf(both, sizeof(both), "%s %s", first, second);
	for (size_t i = 0; i < cli_command_count; i++) {
		const char *words = cli_commands[i].words, *noun = cli_second_word(&cli_commands[i], "show");

		nearest_offer(&best, strchr(words, ' ') ? both : first, words, words);
		if (noun)
			nearest_offer(&best, first, noun, words);
	}
	return best.word;
}

static const char *noun_meant(const char *family, const char *typed)
{
	struct nearest best = {0};

	for (size_t i = 0; i < cli_command_count; i++) {
		const char *second = cli_second_word(&cli_commands[i], family);

		if (second)
			nearest_offer(&best, typed, second, second);
	}
	return best.word;
}

static int unknown_second_word(const struct cli *cli, const char *family, const char *typed)
{
	const char *meant = noun_meant(family, typed);
	char *words = second_words(family);
	int code;

	if (meant)
		code = cli_fail(cli, CLI_USAGE, "%s %s is not a command: did you mean rhumb %s %s?", family, typed,
			family, meant);
	else
		code = cli_fail(cli, CLI_USAGE, "%s %s is not a command: %s takes %s", family, typed, family,
			words ? words : "another word");
	free(words);
	return code;
}

/* The first word of a family that @typed may be. */
static const char *family_meant(const char *typed)
{
	struct nearest best = {0};
	static char family[32];

	for (size_t i = 0; i < cli_command_count; i++) {
		size_t len = strcspn(cli_commands[i].words, " ");
		char word[sizeof(family)];

		(void)snprintf(word, sizeof(word), "%.*s", (int)len, cli_commands[i].words);
		nearest_offer(&best, typed, word, cli_commands[i].words);
	}
	if (!best.word)
		return NULL;
	(void)snprintf(family, sizeof(family), "%.*s", (int)strcspn(best.word, " "), best.word);
	return family;
}

int fail_unknown_command(const struct cli *cli, const char *first, const char *second)
{
	const char *meant;

	if (cli_is_family(first) && second[0])
		return unknown_second_word(cli, first, second);
	meant = command_meant(first, second);
	if (!meant)
		meant = family_meant(first);
	if (meant)
		return cli_fail(cli, CLI_USAGE, "%s is not a command: did you mean rhumb %s?", first, meant);
	return cli_fail(cli, CLI_USAGE, "%s is not a command: rhumb help lists them", first);
}

static void options_offer(struct nearest *best, const char *typed, const struct cli_option *list)
{
	for (; list->name; list++)
		nearest_offer(best, typed, list->name, list->name);
}

int fail_unknown_option(const struct cli *cli, const char *arg)
{
	struct nearest best = {0};
	char typed[80], *word = typed + 2;
	int used;

	(void)snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(arg, "="), arg);
	if (!cli->command && strncmp(typed, "--", 2) == 0 && cli_command_find(1, &word, &used))
		return cli_fail(cli, CLI_USAGE, "%s is a command, not an option: rhumb %s", arg, word);
	if (strncmp(typed, "--", 2) == 0) {
		options_offer(&best, typed + 2, cli->command ? cli->command->options : cli_globals);
		options_offer(&best, typed + 2, cli_globals);
	}
	if (best.word)
		return cli_fail(cli, CLI_USAGE, "%s is not an option here: did you mean --%s?", arg, best.word);
	return cli_fail(cli, CLI_USAGE, "%s is not an option here: see rhumb help%s%s", arg, cli->command ? " " : "",
		cli->command ? cli->command->words : "");
}

int fail_arguments(const struct cli *cli)
{
	const struct cli_command *command = cli->command;
	char *usage = NULL;
	size_t len;
	FILE *to = open_memstream(&usage, &len);
	int code;

	if (!to)
		return cli_fail(cli, CLI_REFUSED, "out of memory");
	cli_usage_print(to, command);
	(void)fclose(to);
	if (cli->arg_count > command->most)
		code = cli_fail(cli, CLI_USAGE, "%s is one argument too many: usage: %s", cli->args[command->most], usage);
	else
		code = cli_fail(cli, CLI_USAGE, "%s: usage: %s",
			cli->arg_count ? "an argument is missing" : "arguments are missing", usage);
	free(usage);
	return code;
}

int fail_family(const struct cli *cli, const char *family)
{
	char *words;

	if (!cli->json) {
		cli_family_print(stderr, family);
		return CLI_USAGE;
	}
	words = second_words(family);
	(void)cli_fail(cli, CLI_USAGE, "%s takes %s", family, words ? words : "another word");
	free(words);
	return CLI_USAGE;
}
