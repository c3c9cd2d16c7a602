#include "perf/bench/path_main.h"

#include "perf/bench/path_options.h"

#include "dataplane/base/rcu.h"

#include <stdio.h>

int path_main(int argc, char **argv, const struct path_program *program)
{
	struct path_options opt;
	struct rh_error err = {""};
	int ret;

	ret = path_options_parse(argc, argv, &opt, &err);
	if (!ret)
		ret = program->check(&opt, &err);
	if (ret < 0)
		(void)fprintf(stderr, "%s: %s\n", program->name, err.text);
	if (ret)
		return ret < 0 ? 2 : 0;
	rh_rcu_register();
	ret = program->run(&opt, &err);
	rh_rcu_unregister();
	if (ret)
		(void)fprintf(stderr, "%s: %s\n", program->name, err.text);
	return ret ? 1 : 0;
}
