/* SPDX-License-Identifier: Apache-2.0 */
/* A program that takes part in a small simulation. */
#include "virtual_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t dims[TENSORS] = {2, 1, 2};
static const uint32_t shapes[] = {40, 30, 30, 2, 3};
static const char *const names[TENSORS] = {"layer.weight", "layer.bias", "statistics"};
const uint32_t first_of[TENSORS] = {0, 1200, TRAINED};

static const struct rog_rule rule = {0.5, 0, 0, ROG_RULE_HEAVY_BALL};

void assert_says(int code, int expected, const struct rog_error *err, const char *part)
{
    if (code != expected || !strstr(err->message, part))
        fail_msg("%d \"%s\" instead of %d with \"%s\"", code, code ? err->message : "", expected,
                 part);
}

void check(int code, const struct rog_error *err)
{
    if (code)
        fail_msg("%s", err->message);
}

void open_program(struct program *program, const struct sim *sim, const struct rog_options *given)
{
    struct rog_options options;
    struct rog_error err;
    rog_options_init(&options);
    if (given)
        options = *given;
    options.server = sim->server;
    options.strategy = "BSP";
    check(rog_open(&program->rog, &options, &err), &err);
    for (size_t i = 0, at = 0; i < TENSORS; at += dims[i++])
        check(rog_tensor(program->rog, names[i], dims[i], shapes + at,
                         options.without_values ? NULL : program->params + first_of[i],
                         i < 2 ? ROG_TENSOR_TRAINED : ROG_TENSOR_CONSTANT, &err),
              &err);
    program->list[0] = program->gradients;
    program->list[1] = program->gradients + first_of[1];
    program->step = (struct rog_step){
        .gradients = program->list, .rules = &rule, .rule_count = 1, .loss = 1.25};
}

void start_program(struct program *program, const struct sim *sim, const struct rog_options *given)
{
    struct rog_error err;
    open_program(program, sim, given);
    check(rog_start(program->rog, &err), &err);
}
