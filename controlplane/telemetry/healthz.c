#include "controlplane/telemetry/metrics.h"

#include <jansson.h>

#define PROBLEMS_MAX 64

char *cp_healthz_text(const struct cp_health *health, unsigned *http)
{
	char text[PROBLEMS_MAX][CP_HEALTH_PROBLEM_MAX];
	uint32_t n = cp_health_problems(health, text, PROBLEMS_MAX);
	enum cp_health_level level = cp_health_level(health);
	json_t *problems = json_array(), *body;
	char *out;

	for (uint32_t i = 0; i < n; i++)
		(void)json_array_append_new(problems, json_string(text[i]));
	/* Whoever reads this got an answer from the process. */
	body = json_pack("{s:s, s:s, s:s, s:o}", "status", cp_health_level_name(level), "process",
		"ok", "dataplane", cp_health_level_name(level), "problems", problems);
	out = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	*http = level == CP_HEALTH_FAILED ? 503 : 200;
	return out;
}
