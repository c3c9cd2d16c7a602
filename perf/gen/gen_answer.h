#pragma once

/* What rhumb-gen reads and writes on its standard streams: one JSON object a line (docs/rig.md). */

#include "perf/gen/gen_churn.h"
#include "perf/gen/gen_trial.h"

#define GEN_PATH_MAX 1024

enum gen_command_kind { GEN_COMMAND_TRIAL, GEN_COMMAND_STATUS, GEN_COMMAND_CHURN, GEN_COMMAND_LEAVE, GEN_COMMAND_END };

struct gen_command {
	enum gen_command_kind kind;
	struct gen_trial_spec trial;
	uint64_t pairs; /* CHURN */
	char pcap[GEN_PATH_MAX]; /* LEAVE: where the frames go */
};

/* 0, or -EINVAL with what is wrong with @line. */
int gen_command_parse(const char *line, struct gen_command *out, struct rh_error *err);

void gen_answer_trial(const struct trial_result *result, const struct gen_trial_spec *spec, const struct gen_trial_extra *extra);
void gen_answer_churn(const struct gen_churn_result *result);
void gen_answer_status(const struct gen *gen);
/* The sessions stay behind, for whoever plays the frames. */
void gen_answer_left(const struct gen *gen);
void gen_answer_error(const struct rh_error *err);
