#pragma once

/* What rhumb-gen reads and writes on its standard streams: one JSON object a line (docs/rig.md). */

#include "perf/gen/gen_trial.h"

enum gen_command { GEN_COMMAND_TRIAL, GEN_COMMAND_STATUS, GEN_COMMAND_END };

/* 0, or -EINVAL with what is wrong with @line. */
int gen_command_parse(const char *line, enum gen_command *command, struct gen_trial_spec *trial, struct rh_error *err);

void gen_answer_trial(const struct trial_result *result, const struct gen_trial_extra *extra);
void gen_answer_status(const struct gen *gen);
void gen_answer_error(const struct rh_error *err);
