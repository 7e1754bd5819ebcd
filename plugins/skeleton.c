/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A strategy to copy. Work through the numbered steps; <rog/strategy.h> says what each field means,
 * and docs/write-a-strategy.md explains another kind of strategy line by line. This one works as it
 * is: rows are sent in turns, one S-th of them in each push and pull, so that no row is ever more
 * than S iterations old, and a worker waits for rows that are.
 */

/* Step 1: this header and the C library are all that a plugin includes. */
#include <rog/strategy.h>

#include <stdio.h>
#include <stdlib.h>

/* Step 2 (optional): parameters that a run can set besides the threshold, `parameters = { patience
 * = 2; };` in an experiment file. Each row describes one member and its allowed values; the program
 * checks the values, lists them in `rogctl plugins SKELETON` and fills the struct that
 * config->parameters points to. */
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

/* Step 3 (optional): the state, which the strategy keeps from call to call. Each worker has one and
 * so has the server; each is used by one thread at a time. Keep nothing in global variables: on a
 * virtual cluster a thousand workers are in one process. */
struct skeleton {
    uint32_t turn_rows; /* rows of one turn */
};

/* Step 4 (optional): create and free the state. Without a state, leave out .create and .destroy. */
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

/* Step 5 (optional): the rows of a push; without this hook, all rows. Fill plan->order with
 * distinct rows, most urgent first. Set their number, how many of them are always sent, and for how
 * many seconds the others may be sent. Rows that are left out are not lost: their updates stay in
 * the magnitudes. */
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

/* Step 6 (required): the versions that a worker waits for before its pull begins: all rows of
 * worker j must have reached needed[j]. It is filled with 0, which means no wait. Do not ask for
 * anything that a worker can reach only by continuing itself, or all workers wait forever. A
 * strategy that leaves out rows for good waits for whole pushes, iteration[j], instead; quorum and
 * deadline_s set how many workers must meet the conditions, and until when. If not all admitted
 * workers may continue at once, .grant chooses: see <rog/strategy.h> and flown.c. */
static void skeleton_admit(void *state, const struct rog_strategy_config *config,
                           const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    if (view->iteration <= (uint32_t)config->threshold)
        return;
    for (uint32_t worker = 0; worker < config->workers; worker++)
        admission->needed[worker] = view->iteration - (uint32_t)config->threshold;
}

/* Step 7 (optional): the rows of a pull, in the same way. It is often the same function. */
static void skeleton_plan_pull(void *state, const struct rog_strategy_config *config,
                               const struct rog_send_view *view, struct rog_send_plan *plan)
{
    skeleton_plan_push(state, config, view, plan);
}

/* Step 8 (optional): the number of local steps before a worker's next push. This one keeps the
 * run's setting, with which plan->local_steps is filled, as if the hook were left out. The weight
 * of late pushes is set by .weigh. */
static void skeleton_plan_work(void *state, const struct rog_strategy_config *config,
                               const struct rog_work_view *view, struct rog_work_plan *plan)
{
    (void)state, (void)config;
    plan->local_steps = view->local_steps;
}

/* Step 9 (optional): promises of the strategy; `rogctl verify` checks recorded runs against them.
 * Leave out what you cannot promise. */
static int64_t skeleton_staleness_bound(const struct rog_strategy_config *config)
{
    return config->threshold;
}

static double skeleton_least_share(const struct rog_strategy_config *config)
{
    return 1.0 / config->threshold;
}

/* Step 10 (optional): the part of the state that cannot be computed from the configuration, so that
 * an interrupted run can resume. This state has no such part, and the hooks say so: without them,
 * interrupted runs of a strategy with a state restart from the beginning. */
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

/* Step 11: the description. The name in lower case is the name of the file: SKELETON is in
 * skeleton.so. Leave abi_version and struct_size as they are. */
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
