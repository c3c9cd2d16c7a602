#include "controlplane/conf/conf.h"

#include <criterion/criterion.h>
#include <string.h>

#define PORT "\"port\": [{\"name\": \"p0\", \"device\": \"net_null0\"}]"

static struct cp_conf *parse(const char *text)
{
	struct cp_conf *conf = NULL;
	struct rh_error err = {""};

	cr_assert_eq(cp_conf_parse(text, strlen(text), "t.json", &conf, &err), 0, "%s", err.text);
	return conf;
}

static char seen[1024];

static void note(void *arg, const char *path, const char *was, const char *now, const char *apply)
{
	size_t n = strlen(seen);

	(void)arg;
	(void)snprintf(seen + n, sizeof(seen) - n, "%s %s>%s %s;", path, was != NULL ? was : "-",
		now != NULL ? now : "-", apply);
}

static int changes(const char *before, const char *after)
{
	struct cp_conf *a = parse(before), *b = parse(after);
	int n;

	seen[0] = '\0';
	n = cp_conf_changes(a, b, note, NULL);
	cr_expect_eq(a->digest == b->digest, n == 0);
	cp_conf_free(a);
	cp_conf_free(b);
	return n;
}

Test(change, the_same_file_has_none)
{
	cr_expect_eq(changes("{\"rhumb:rhumb\": {" PORT "}}", "{\"rhumb:rhumb\": {" PORT "}}"), 0);
}

Test(change, a_default_written_out_is_none)
{
	cr_expect_eq(changes("{\"rhumb:rhumb\": {" PORT "}}",
			     "{\"rhumb:rhumb\": {\"drain\": 2000, " PORT "}}"),
		0, "%s", seen);
}

Test(change, a_value_is_told_with_its_class)
{
	cr_expect_eq(changes("{\"rhumb:rhumb\": {" PORT "}}",
			     "{\"rhumb:rhumb\": {\"drain\": 5, " PORT "}}"),
		1, "%s", seen);
	cr_expect_str_eq(seen, "/rhumb:rhumb/drain 2000>5 restart;");
}

Test(change, a_new_port_is_told_leaf_by_leaf)
{
	cr_expect_gt(changes("{\"rhumb:rhumb\": {" PORT "}}",
			     "{\"rhumb:rhumb\": {\"port\": [{\"name\": \"p0\", \"device\": "
			     "\"net_null0\"},"
			     " {\"name\": \"p1\", \"device\": \"net_null1\"}]}}"),
		1);
	cr_expect(strstr(seen, "/rhumb:rhumb/port[name='p1']/device ->net_null1 restart;") != NULL,
		"%s", seen);
}
