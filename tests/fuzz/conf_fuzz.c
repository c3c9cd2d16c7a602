/*
 * A configuration file of any bytes: either a configuration or one sentence, in bounded time,
 * without a leak.
 */

#include "controlplane/conf/conf.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_conf *conf = NULL;
	struct rh_error err = {""};
	char *text;
	int rc;

	if (size > INPUT_MAX)
		return 0;
	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	rc = cp_conf_parse(text, size, "fuzz", &conf, &err);
	if (rc == 0 ? conf->port_count == 0 || conf->engine.worker_count == 0 : err.text[0] == '\0')
		abort();
	cp_conf_free(rc == 0 ? conf : NULL);
	free(text);
	return 0;
}
