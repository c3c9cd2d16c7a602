#include "controlplane/main/machine.h"

#include <errno.h>
#include <stdio.h>

int rhumbd_refuse_at(const char *path, const char *place, int rc, struct rh_error *err)
{
	const struct rh_error why = *err;

	return rh_error_set(err, -rc, "%s: /rhumb:rhumb/%s: %s", path, place, why.text);
}

int rhumbd_refuse_port(
	const char *path, const struct dp_port_conf *port, int rc, struct rh_error *err)
{
	char place[DP_PORT_NAME_MAX + 32];

	(void)snprintf(place, sizeof(place), "port[name='%s']/%s", port->name,
		rc == -EMSGSIZE ? "mtu" : "device");
	return rhumbd_refuse_at(path, place, rc, err);
}

static int check_cores(const struct cp_conf *conf, const char *path, struct rh_error *err)
{
	int rc = dp_core_check(conf->eal.control_core, err);
	char place[64];

	if (rc < 0)
		return rhumbd_refuse_at(path, "dataplane/control-core", rc, err);
	for (uint32_t i = 0; i < conf->eal.core_count; i++) {
		rc = dp_core_check(conf->eal.cores[i], err);
		if (rc == 0)
			continue;
		(void)snprintf(place, sizeof(place), "dataplane/worker[core='%u']/core",
			conf->eal.cores[i]);
		return rhumbd_refuse_at(path, place, rc, err);
	}
	return 0;
}

int rhumbd_machine_check(const struct cp_conf *conf, const char *path, struct rh_error *err)
{
	int rc = check_cores(conf, path, err);

	for (uint32_t i = 0; rc == 0 && i < conf->port_count; i++) {
		rc = dp_port_check(&conf->ports[i].dp, err);
		if (rc < 0)
			rc = rhumbd_refuse_port(path, &conf->ports[i].dp, rc, err);
	}
	return rc;
}
