#pragma once

/*
 * What this machine says to a configuration, told as the configuration's own errors are: file, place, what is wrong, what would be
 * right. Ctx of everything: control.
 */

#include "controlplane/conf/conf.h"

/*
 * Can this machine run @conf of the file @path: its cores, its devices? Looks only, and may do so beside a running router.
 * 0 or a negative errno with the sentence.
 */
int rhumbd_machine_check(const struct cp_conf *conf, const char *path, struct rh_error *err);

/* Put "FILE: PLACE: " before the sentence in @err; @place is below the model's root. Returns @rc. */
int rhumbd_refuse_at(const char *path, const char *place, int rc, struct rh_error *err);
/* The same for what the device of @port was refused for: dp_port_check's and dp_port_open's @rc. */
int rhumbd_refuse_port(
	const char *path, const struct dp_port_conf *port, int rc, struct rh_error *err);
