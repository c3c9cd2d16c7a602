#include "tools/rhumb/attribute.h"
#include "tools/rhumb/base64.h"
#include "tools/rhumb/connect.h"
#include "tools/rhumb/file.h"
#include "tools/rhumb/table.h"

#include "dataplane/frame/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int payload_take(const struct cli *cli, const char *name, json_t *args)
{
	FILE *file = cli_file_open(name);
	uint8_t *bytes = malloc(RH_PAYLOAD_MAX + 1);
	char *text = malloc(CLI_BASE64_LEN(RH_PAYLOAD_MAX) + 1);
	int code = CLI_OK;
	size_t len;

	if (!file || !bytes || !text) {
		code = cli_fail(cli, CLI_REFUSED, "%s: %s", name, strerror(errno));
	} else {
		len = fread(bytes, 1, RH_PAYLOAD_MAX + 1, file);
		if (ferror(file))
			code = cli_fail(cli, CLI_REFUSED, "%s: %s", name, strerror(errno));
		else if (len > RH_PAYLOAD_MAX)
			code = cli_fail(cli, CLI_REFUSED, "%s is larger than a payload can be (%d bytes)", name,
				RH_PAYLOAD_MAX);
		else {
			cli_base64_encode(bytes, len, text);
			(void)json_object_set_new(args, "payload_base64", json_string(text));
		}
	}
	free(text);
	free(bytes);
	cli_file_close(file);
	return code;
}

static int attributes_take(const struct cli *cli, json_t *args)
{
	json_t *all = json_object();
	const char *text;
	int code = CLI_OK;

	for (unsigned i = 0; code == CLI_OK && (text = cli_option_at(cli, "attr", i)); i++)
		code = cli_attribute_take(cli, text, all);
	if (json_object_size(all))
		(void)json_object_set(args, "attributes", all);
	json_decref(all);
	return code;
}

static json_int_t cost_of(const json_t *answer, const char *what)
{
	return json_integer_value(json_object_get(json_object_get(answer, "cost"), what));
}

static void cost_print(const struct cli *cli, const json_t *answer)
{
	fprintf(cli->out,
		"cost    %" JSON_INTEGER_FORMAT " cycles, about: 1 topic cut, %" JSON_INTEGER_FORMAT " shapes probed, %" JSON_INTEGER_FORMAT
		" filters compared, %" JSON_INTEGER_FORMAT " matched, %" JSON_INTEGER_FORMAT " payload scans, %" JSON_INTEGER_FORMAT
		" copies\n",
		cost_of(answer, "cycles"), cost_of(answer, "shapes"), cost_of(answer, "compared"),
		cost_of(answer, "matched"), cost_of(answer, "scans"), cost_of(answer, "copies"));
}

static void explanation_print(const struct cli *cli, const json_t *answer)
{
	json_int_t undecided = json_integer_value(json_object_get(answer, "undecided"));

	cli_table_print(cli->out, json_object_get(answer, "candidates"),
		"verdict layer cost_cycles subscription session client_id filter content why");
	fprintf(cli->out, "copies  %" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(answer, "copies")));
	cost_print(cli, answer);
	if (undecided)
		fprintf(cli->out, "%" JSON_INTEGER_FORMAT " depend on the event: give --payload FILE and --attr NAME=VALUE\n",
			undecided);
}

int cli_explain_run(struct cli *cli)
{
	const char *payload = cli_option(cli, "payload");
	json_t *args = json_pack("{s:s, s:s*}", "topic", cli->args[0], "client_id", cli_option(cli, "client"));
	int code = CLI_OK;

	if (!args)
		return cli_fail(cli, CLI_REFUSED, "topic and client must be UTF-8");
	if (payload)
		code = payload_take(cli, payload, args);
	if (code == CLI_OK)
		code = attributes_take(cli, args);
	if (code != CLI_OK) {
		json_decref(args);
		return code;
	}
	return cli_ask_print(cli, args, explanation_print);
}
