#pragma once

/*
 * From the checked tree to struct cp_conf, with the rules the model cannot say. Ctx of everything:
 * control.
 */

#include "controlplane/conf/conf.h"
#include "controlplane/conf/schema_priv.h"

/* Fill @conf from conf->tree. 0, -EINVAL with the sentence, -ENOMEM. */
int conf_flatten(struct cp_conf *conf, const char *name, struct rh_error *err);
/* One entry of the list port into conf->ports[conf->port_count++]. */
int conf_flatten_port(
	struct cp_conf *conf, const struct lyd_node *port, const char *name, struct rh_error *err);
/* What depends on the machine: node name, worker when none is configured, compile helper. */
void conf_defaults(struct cp_conf *conf);
/* Is @device a PCI address, with or without arguments behind it? */
bool conf_is_pci(const char *device);
