/*
 * rhumb-gen: generator and sink. All the hosts behind one port: sends open loop, judges every copy that comes back. Reads commands
 * from standard input, one JSON object a line, and answers each with one. See docs/rig.md.
 */

#include "perf/gen/gen.h"
#include "perf/gen/gen_answer.h"
#include "perf/gen/gen_host.h"
#include "perf/gen/gen_options.h"
#include "perf/gen/gen_receive.h"
#include "perf/gen/gen_session.h"

#include "dataplane/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
/* Between trials: how long the port and the sessions may wait. */
#define IDLE_MS	       1

static void clock_start(struct gen *gen)
{
	gen->ns_mult = (uint64_t)(((__uint128_t)RH_NS_PER_S << 32) / rh_tsc_hz());
	gen->tsc_start = rh_tsc();
}

uint64_t gen_now_ns(const struct gen *gen)
{
	return (uint64_t)((__uint128_t)(rh_tsc() - gen->tsc_start) * gen->ns_mult >> 32);
}

static int trial_run(struct gen *gen, const struct gen_trial_spec *spec, struct rh_error *err)
{
	static struct trial_result result;
	static uint32_t trial;
	struct gen_trial_extra extra;
	int ret = gen_trial(gen, ++trial, spec, &result, &extra, err);

	if (!ret)
		gen_answer_trial(&result, spec, &extra);
	return ret;
}

static int churn_run(struct gen *gen, uint64_t pairs, struct rh_error *err)
{
	struct gen_churn_result result;
	int ret = gen_churn(gen, pairs, &result, err);

	if (!ret)
		gen_answer_churn(&result);
	return ret;
}

/* 1: the frames belong to another program from now on. */
static int leave(struct gen *gen, const char *path, struct rh_error *err)
{
	int ret;

	if (gen->opt.reflect)
		return rh_error_set(err, EINVAL, "leave: with --reflect there are no sessions to leave");
	ret = gen_load_write(gen, path, err);
	if (ret)
		return ret;
	gen_answer_left(gen);
	gen_sessions_leave(gen);
	return 1;
}

/* 1 at the end. A command that is wrong is answered, not fatal; a session that the router ended is. */
static int command_run(struct gen *gen, const char *line, struct rh_error *err)
{
	struct gen_command command = {0};
	int ret = gen_command_parse(line, &command, err);

	if (!ret && command.kind == GEN_COMMAND_END)
		return 1;
	if (!ret && command.kind == GEN_COMMAND_LEAVE)
		ret = leave(gen, command.pcap, err);
	if (!ret && command.kind == GEN_COMMAND_STATUS)
		gen_answer_status(gen);
	if (!ret && command.kind == GEN_COMMAND_CHURN)
		ret = churn_run(gen, command.pairs, err);
	if (!ret && command.kind == GEN_COMMAND_TRIAL)
		ret = trial_run(gen, &command.trial, err);
	if (ret != -EINVAL)
		return ret;
	gen_answer_error(err);
	return 0;
}

static void idle(struct gen *gen)
{
	while (gen_host_poll(gen, gen_receive))
		;
	if (gen->sessions)
		gen_sessions_tick(gen, gen_now_ns(gen));
}

/* Reads whole lines; a longer one than the buffer ends the program. */
static int commands_run(struct gen *gen, struct rh_error *err)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	static char buffer[LINE_MAX_BYTES];
	size_t used = 0;
	int ret = 0;

	while (!ret) {
		char *end = memchr(buffer, '\n', used);
		ssize_t got;

		if (end) {
			*end = '\0';
			ret = command_run(gen, buffer, err);
			used -= (size_t)(end + 1 - buffer);
			memmove(buffer, end + 1, used);
			continue;
		}
		idle(gen);
		if (poll(&in, 1, IDLE_MS) <= 0)
			continue;
		if (used == sizeof(buffer))
			return rh_error_set(err, EMSGSIZE, "a command of more than %zu bytes", sizeof(buffer));
		got = read(STDIN_FILENO, buffer + used, sizeof(buffer) - used);
		if (got <= 0)
			return 0;
		used += (size_t)got;
	}
	return ret < 0 ? ret : 0;
}

static int run(struct gen *gen, struct rh_error *err)
{
	int ret = gen_load_init(gen, err);

	if (!ret)
		ret = gen_host_open(gen, err);
	if (!ret)
		ret = gen_host_resolve(gen, err);
	if (!ret && !gen->opt.reflect)
		ret = gen_sessions_open(gen, err);
	if (!ret) {
		gen_load_frames(gen);
		gen_answer_status(gen);
		ret = commands_run(gen, err);
	}
	gen_sessions_close(gen);
	gen_host_close(gen);
	gen_load_fini(gen);
	return ret;
}

int main(int argc, char **argv)
{
	struct rh_error err = {""};
	static struct gen gen;
	int ret = gen_options_parse(argc, argv, &gen.opt, &err);

	if (ret > 0)
		return 0;
	clock_start(&gen);
	if (!ret) {
		ret = run(&gen, &err) ? 1 : 0;
	} else {
		ret = 2;
	}
	if (ret)
		(void)fprintf(stderr, "rhumb-gen: %s\n", err.text);
	return ret;
}
