#include "controlplane/main/router.h"

#include "dataplane/base/log.h"

static void report(void *arg, const char *path, const char *was, const char *now, const char *apply)
{
	(void)arg;
	rh_log_info(CONF, "%s: %s -> %s (%s)", path, was != NULL ? was : "-",
		now != NULL ? now : "-", apply);
}

void router_reload(struct router *r)
{
	struct cp_conf *candidate = NULL;
	struct rh_error err = {""};
	int changes;

	if (cp_conf_load(r->config_path, &candidate, &err) < 0) {
		rh_log_error(CONF, "reload: %s; the running configuration stays", err.text);
		return;
	}
	changes = cp_conf_changes(r->conf, candidate, report, NULL);
	cp_conf_free(candidate);
	/* No leaf of the model is live yet. */
	if (changes < 0)
		rh_log_error(CONF, "reload: out of memory; the running configuration stays");
	else if (changes == 0)
		rh_log_info(CONF, "reload: %s is what runs", r->config_path);
	else
		rh_log_warn(CONF, "reload: %d changes, none taken: each needs a restart of rhumbd",
			changes);
}
