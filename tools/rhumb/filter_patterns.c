#include "tools/rhumb/filter_patterns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As the router has them (tools/hsc). */
#define FLAGS (HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH)

static int refuse(hs_compile_error_t *error, struct rh_error *err)
{
	const char *message = error ? error->message : "no message";
	int rc;

	if (strstr(message, "ALLOWEMPTY"))
		message = "the regular expression matches the empty payload, so it would select every event: require at least one byte";
	rc = rh_error_set(err, EINVAL, "%s", message);
	(void)hs_free_compile_error(error);
	return rc;
}

static int add(struct filter_patterns *out, const struct rh_cesql_pattern *pattern, struct rh_error *err)
{
	hs_database_t **more = realloc(out->db, (out->count + 1) * sizeof(hs_database_t *));
	hs_compile_error_t *error = NULL;

	if (!more)
		return rh_error_set(err, ENOMEM, "out of memory");
	out->db = more;
	if (hs_compile(pattern->regex, FLAGS, HS_MODE_BLOCK, NULL, &out->db[out->count], &error) != HS_SUCCESS)
		return refuse(error, err);
	if (hs_alloc_scratch(out->db[out->count++], &out->scratch) != HS_SUCCESS)
		return rh_error_set(err, ENOMEM, "out of memory");
	return 0;
}

int filter_patterns_init(struct filter_patterns *out, const struct rh_cesql_tree *tree, size_t *where, struct rh_error *err)
{
	struct rh_cesql_pattern pattern;
	uint16_t node = RH_CESQL_NONE;
	int rc = 0;

	*out = (struct filter_patterns){0};
	while (rc == 0 && rh_cesql_pattern_next(tree, &node, &pattern))
		rc = add(out, &pattern, err);
	if (rc < 0)
		*where = tree->node[node].at;
	return rc;
}

void filter_patterns_fini(struct filter_patterns *patterns)
{
	while (patterns->count)
		(void)hs_free_database(patterns->db[--patterns->count]);
	(void)hs_free_scratch(patterns->scratch);
	free(patterns->db);
	*patterns = (struct filter_patterns){0};
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	*(bool *)arg = true;
	return 0;
}

int filter_patterns_match(void *arg, uint32_t pattern, struct rh_cesql_text text)
{
	struct filter_patterns *patterns = arg;
	bool yes = false;

	if (hs_scan(patterns->db[pattern], text.bytes, text.size, 0, patterns->scratch, found, &yes) != HS_SUCCESS)
		return -1;
	return yes;
}
