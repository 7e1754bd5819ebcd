/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A strategy to copy. Work through the numbered steps; <rog/strategy.h> says what each field means,
 * docs/write-a-strategy.md explains a strategy of a different kind line by line.
 *
 * What stands here works: the rows are sent in turns, one S-th of them in each push and pull, so
 * that no row is ever more than S iterations old, and a worker waits for rows that are.
 */

/* Step 1: this header and the C library are all that a plugin includes. */
#include <rog/strategy.h>

#include <stdio.h>
#include <stdlib.h>

/* Step 2 (optional): what a run may choose beside the threshold, `parameters = { patience = 2; };`
 * in an experiment file. Each row says of a member what it may be; the program checks the values,
 * lists them in `rogctl plugins SKELETON` and fills the struct that config->parameters points to.
 */
struct skeleton_parameters {
    double patience;
};

static const struct rog_parameter skeleton_parameters[] = {
    {.name = "patience",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct skeleton_parameters, patience),
     .fallback = "1",
     .min = 0,
     .max = 100,
     .help = "time limit for rows out of turn, as a multiple of the mean transmission time"},
    {.name = NULL},
};

/* Step 3 (optional): what the strategy remembers from call to call. There is one state in each
 * worker and one in the server; it is used by one thread at a time. Nothing may be kept in global
 * variables: a virtual cluster runs a thousand workers in one process. */
struct skeleton {
    uint32_t turn_rows; /* rows of one turn */
};

/* Step 4 (optional): make and free the state. Without it, leave out .create and .destroy. */
static int skeleton_create(const struct rog_strategy_config *config, void **state, char *message,
                           uint32_t message_bytes)
{
    struct skeleton *skeleton = malloc(sizeof *skeleton);
    if (!skeleton) {
        snprintf(message, message_bytes, "out of memory");
        return -1;
    }
    uint32_t turns = (uint32_t)config->threshold;
    skeleton->turn_rows = config->rows / turns + (config->rows % turns > 0);
    *state = skeleton;
    return 0;
}

static void skeleton_destroy(void *state)
{
    free(state);
}

/* Step 5 (optional): what a push carries; without it, all rows. Fill plan->order with distinct
 * rows, the most urgent ones first, and say how many there are, how many of them go out whatever it
 * takes, and for how many seconds the others may. What was left out is not lost: it stays in the
 * magnitudes. */
static void skeleton_plan_push(void *state, const struct rog_strategy_config *config,
                               const struct rog_send_view *view, struct rog_send_plan *plan)
{
    const struct skeleton *skeleton = state;
    const struct skeleton_parameters *parameters = config->parameters;
    uint64_t first = (uint64_t)view->iteration * skeleton->turn_rows;
    for (uint32_t i = 0; i < config->rows; i++)
        plan->order[i] = (uint32_t)((first + i) % config->rows);
    plan->count = config->rows;
    plan->mandatory = skeleton->turn_rows;
    plan->budget_s = parameters->patience * view->history.mean_s;
}

/* Step 6 (required): which versions a worker waits for before its pull begins: all rows of worker j
 * must have reached needed[j]. It is filled with 0, which means no wait. Ask for nothing that a
 * worker could only reach by going on itself, or everybody waits for ever. Who leaves rows out for
 * good waits for whole pushes, iteration[j], instead; quorum and deadline_s say how many have to be
 * there, and until when. Where not all that may go on are to do so at once, .grant says who does:
 * <rog/strategy.h> explains it, flown.c has one. */
static void skeleton_admit(void *state, const struct rog_strategy_config *config,
                           const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    if (view->iteration <= (uint32_t)config->threshold)
        return;
    for (uint32_t worker = 0; worker < config->workers; worker++)
        admission->needed[worker] = view->iteration - (uint32_t)config->threshold;
}

/* Step 7 (optional): what the pull carries, the same way. Often it is the same function. */
static void skeleton_plan_pull(void *state, const struct rog_strategy_config *config,
                               const struct rog_send_view *view, struct rog_send_plan *plan)
{
    skeleton_plan_push(state, config, view, plan);
}

/* Step 8 (optional): how many local steps a worker makes before its next push. This one sticks to
 * the run's settings, with which plan->local_steps is filled, as if it had left the hook out. What
 * late pushes count for is .weigh's affair. */
static void skeleton_plan_work(void *state, const struct rog_strategy_config *config,
                               const struct rog_work_view *view, struct rog_work_plan *plan)
{
    (void)state, (void)config;
    plan->local_steps = view->local_steps;
}

/* Step 9 (optional): what the strategy promises; `rogctl verify` holds recorded runs to it. Leave
 * out what you cannot promise. */
static int64_t skeleton_staleness_bound(const struct rog_strategy_config *config)
{
    return config->threshold;
}

static double skeleton_least_share(const struct rog_strategy_config *config)
{
    return 1.0 / config->threshold;
}

/* Step 10 (optional): what the state remembers from call to call, so that an interrupted run goes
 * on where it was. This one is made of the configuration alone and remembers nothing, which has to
 * be said too: without it the runs of a strategy with a state begin anew. */
static uint32_t skeleton_save(const void *state, const struct rog_strategy_config *config,
                              uint8_t *bytes, uint32_t room)
{
    (void)state, (void)config, (void)bytes, (void)room;
    return 0;
}

static int skeleton_load(void *state, const struct rog_strategy_config *config,
                         const uint8_t *bytes, uint32_t size)
{
    (void)state, (void)config, (void)bytes;
    return size != 0;
}

/* Step 11: describe it. The name in lower case is the file's name: SKELETON lives in skeleton.so.
 * abi_version and struct_size stay as they are. */
ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "SKELETON",
    .version = "1.0",
    .summary = "a template to copy: sends rows in turns",
    .threshold_min = 1,
    .threshold_max = 1000,
    .threshold_default = 4,
    .threshold_help = "S: turns until every row has been sent",
    .create = skeleton_create,
    .destroy = skeleton_destroy,
    .plan_push = skeleton_plan_push,
    .admit = skeleton_admit,
    .plan_pull = skeleton_plan_pull,
    .staleness_bound = skeleton_staleness_bound,
    .least_share = skeleton_least_share,
    .parameters = skeleton_parameters,
    .parameter_bytes = sizeof(struct skeleton_parameters),
    .save = skeleton_save,
    .load = skeleton_load,
    .plan_work = skeleton_plan_work,
};
