/* SPDX-License-Identifier: Apache-2.0 */
/* Turns of training programs on a virtual cluster. */
#include <trainer/sim/program_turns.h>

#include <stdlib.h>
#include <string.h>

#include <common/workload.h>
#include <trainer/run/hello.h>

/* The state of one worker. */
struct rog_program_turn {
    bool is_program;
    bool pushes; /* the result of its last turn was requested and has arrived, in: */
    struct rog_programs_result result;
};

/* ---- beginning ---- */

/* Returns NULL while an iteration is repeated: the state does not exist then. */
static void give_state(void *user, uint32_t worker, uint32_t tensor, float **momentum,
                       float **residual)
{
    const struct rog_program_turns *turns = user;
    *momentum = *residual = NULL;
    if (turns->cluster)
        rog_cluster_state(turns->cluster, worker, tensor, momentum, residual);
}

static bool is_interrupted(void *user)
{
    const struct rog_program_turns_options *how = &((struct rog_program_turns *)user)->how;
    return how->interrupted && how->interrupted(how->user);
}

static void say(void *user, const char *message)
{
    const struct rog_program_turns_options *how = &((struct rog_program_turns *)user)->how;
    if (how->say)
        how->say(how->user, message);
}

static int start(struct rog_program_turns *turns, const struct rog_train *train,
                 struct rog_error *err)
{
    int code = rog_train_hello(train, &turns->hello, err);
    if (!code && train->arch)
        code = rog_train_layout(train, &turns->layout, err);
    const struct rog_programs_options options = {
        .config = train->config,
        .config_path = turns->how.config_path,
        .out_dir = turns->how.out_dir,
        .at_once = turns->how.at_once,
        .hello = turns->hello,
        .layout = turns->layout,
        .state = give_state,
        .interrupted = is_interrupted,
        .say = say,
        .user = turns,
    };
    return code ? code : rog_programs_start(&turns->programs, &options, err);
}

static uint32_t first_program(const struct rog_program_turns *turns)
{
    uint32_t first = 0;
    while (!turns->of[first].is_program)
        first++;
    return first;
}

/* All workers begin with the model of the run's network, or with that of the first program. */
static int exchange_models(const struct rog_program_turns *turns, struct rog_train *train,
                           struct rog_error *err)
{
    uint32_t first = first_program(turns);
    bool values = rog_programs_values(turns->programs, first) != NULL;
    int code = ROG_OK;
    if (train->learner && !values)
        code = rog_fail(
            err, ROG_EINVAL,
            "the program of worker %u trains without values, but other workers have the network %s",
            first + 1, train->arch->name);
    if (!code && !train->arch) {
        code = rog_train_adopt(train, rog_programs_layout(turns->programs), values, err);
        if (!code && values)
            rog_programs_starting_values(turns->programs, train->params, train->buffers);
    }
    for (uint32_t i = 0; i < turns->workers && !code && values; i++)
        if (turns->of[i].is_program)
            memcpy(rog_programs_constants(turns->programs, i), train->buffers,
                   train->arch->buffers * sizeof *train->buffers);
    return code;
}

int rog_program_turns_start(struct rog_program_turns *turns, struct rog_train *train,
                            const struct rog_program_turns_options *options, struct rog_error *err)
{
    const struct rog_run_config *config = train->config;
    if (!rog_train_is_program(config))
        return ROG_OK;
    turns->how = *options;
    turns->workers = config->worker_count;
    turns->of = calloc(turns->workers, sizeof *turns->of);
    if (!turns->of)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < turns->workers; i++)
        turns->of[i].is_program = rog_workload_runs_program(config->json, i + 1);
    int code = start(turns, train, err);
    if (!code)
        code = exchange_models(turns, train, err);
    if (!code)
        turns->tensors = train->rows->tensor_count;
    return code;
}

void rog_program_turns_release(struct rog_program_turns *turns)
{
    rog_programs_free(turns->programs);
    rog_layout_free(turns->layout);
    rog_json_free(turns->hello);
    free(turns->of);
    *turns = (struct rog_program_turns){0};
}

/* ---- turns ---- */

bool rog_program_turns_has(const struct rog_program_turns *turns, uint32_t worker)
{
    return turns->of && turns->of[worker].is_program;
}

float *rog_program_turns_values(const struct rog_program_turns *turns, uint32_t worker)
{
    return rog_program_turns_has(turns, worker) ? rog_programs_values(turns->programs, worker)
                                                : NULL;
}

int rog_program_turns_begin(struct rog_program_turns *turns, const struct rog_cluster_turn *turn,
                            const struct rog_statistics *statistics, struct rog_error *err)
{
    const struct rog_programs_turn told = {.worker = turn->worker,
                                           .iteration = turn->iteration,
                                           .local_steps = turn->steps,
                                           .statistics = *statistics};
    turns->of[turn->worker].pushes = false;
    return rog_programs_compute(turns->programs, &told, err);
}

/* The program waits for the end of the previous exchange, which has ended by now, and then
 * continues its iteration. */
static int settle(struct rog_program_turns *turns, struct rog_sim_cluster *cluster,
                  const struct rog_cluster_turn *turn, struct rog_error *err)
{
    struct rog_statistics statistics;
    rog_cluster_settle(cluster, turn->worker);
    rog_cluster_statistics(cluster, turn->worker, &statistics);
    return rog_program_turns_begin(turns, turn, &statistics, err);
}

/* Returns how the steps end. */
static struct rog_cluster_ending ending_of(const struct rog_programs_result *result)
{
    static const enum rog_cluster_end ends[] = {
        [ROG_PROGRAMS_STEP] = ROG_CLUSTER_PUSHES,
        [ROG_PROGRAMS_FINISH] = ROG_CLUSTER_THROUGH,
        [ROG_PROGRAMS_TRANSFER] = ROG_CLUSTER_TRANSFERS,
        [ROG_PROGRAMS_APART] = ROG_CLUSTER_APART,
    };
    return (struct rog_cluster_ending){
        .kind = ends[result->kind],
        .bytes_up = result->bytes_up,
        .bytes_down = result->bytes_down,
        .loss = result->loss,
        .model = result->model,
    };
}

int rog_program_turns_ended(struct rog_program_turns *turns, struct rog_sim_cluster *cluster,
                            const struct rog_cluster_turn *turn, struct rog_cluster_ending *ending,
                            struct rog_error *err)
{
    struct rog_program_turn *of = &turns->of[turn->worker];
    turns->cluster = cluster;
    int code = rog_programs_result(turns->programs, turn->worker, &of->result, err);
    while (!code && of->result.kind == ROG_PROGRAMS_SETTLE) {
        code = settle(turns, cluster, turn, err);
        if (!code)
            code = rog_programs_result(turns->programs, turn->worker, &of->result, err);
    }
    turns->cluster = NULL;
    if (code)
        return code;
    of->pushes = of->result.kind == ROG_PROGRAMS_STEP;
    *ending = ending_of(&of->result);
    return ROG_OK;
}

void rog_program_turns_work(const struct rog_program_turns *turns,
                            const struct rog_cluster_turn *turn, struct rog_cluster_work *work)
{
    const struct rog_programs_result *result = &turns->of[turn->worker].result;
    work->loss = result->loss;
    if (result->rule_count) { /* it pushes gradients */
        work->rules = result->rules;
        work->rule_count = result->rule_count;
    }
    for (uint32_t i = 0; work->gradients && i < turns->tensors; i++)
        work->gradients[i] = result->gradients[i];
}

int rog_program_turns_attend(struct rog_program_turns *turns, struct rog_error *err)
{
    return rog_programs_attend(turns->programs, err);
}

int rog_program_turns_over(struct rog_program_turns *turns, struct rog_sim_cluster *cluster,
                           struct rog_error *err)
{
    struct rog_statistics *last = calloc(turns->workers, sizeof *last);
    if (!last)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < turns->workers; i++)
        rog_cluster_statistics(cluster, i, &last[i]);
    turns->cluster = cluster;
    int code = rog_programs_end(turns->programs, last, err);
    turns->cluster = NULL;
    free(last);
    return code;
}

/* ---- snapshots ---- */

int rog_program_turns_keep(struct rog_program_turns *turns, bool *kept, struct rog_error *err)
{
    rog_programs_keep(turns->programs, true);
    return rog_programs_kept(turns->programs, kept, err);
}

void rog_program_turns_kept(struct rog_program_turns *turns)
{
    rog_programs_keep(turns->programs, false);
}

void rog_program_turns_archive(struct rog_program_turns *turns, struct rog_archive *archive)
{
    for (uint32_t i = 0; i < turns->workers && !rog_archive_failed(archive); i++)
        rog_archive_flag(archive, &turns->of[i].pushes);
    if (!rog_archive_failed(archive))
        rog_programs_archive(turns->programs, archive);
}

/* Requests gradients again that had not been pushed yet. */
int rog_program_turns_resume(struct rog_program_turns *turns, struct rog_error *err)
{
    int code = rog_programs_resume(turns->programs, err);
    for (uint32_t i = 0; i < turns->workers && !code; i++)
        if (turns->of[i].pushes)
            code = rog_programs_result(turns->programs, i, &turns->of[i].result, err);
    return code;
}
