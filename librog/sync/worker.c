/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's half of the protocol: creation, local steps, queries, and the archive. */
#include <librog/sync/worker.h>

#include <stdlib.h>
#include <string.h>

#include <librog/sync/message.h>
#include <librog/sync/worker_state.h>

/* ---- creation and release ---- */

#define ROW_SETS 4

static int build(struct rog_worker *worker, struct rog_error *err)
{
    const struct rog_rows *rows = worker->rows;
    struct rog_set *const row_sets[ROW_SETS] = {&worker->demanded, &worker->answering,
                                                &worker->pulled, &worker->picked};
    int code = rog_set_init(&worker->tensors, rows->tensor_count, err);
    for (size_t i = 0; i < ROW_SETS && !code; i++)
        code = rog_set_init(row_sets[i], rows->row_count, err);
    if (code)
        return code;
    worker->least_bytes = rog_message_min_bytes(rows);
    worker->list = malloc(rows->row_count * sizeof *worker->list);
    worker->version = calloc(rows->row_count, sizeof *worker->version);
    worker->received = calloc(rows->row_count, sizeof *worker->received);
    worker->push_scale = calloc(rows->tensor_count, sizeof *worker->push_scale);
    worker->demanded_scale = calloc(rows->tensor_count, sizeof *worker->demanded_scale);
    worker->pull_scale = calloc(rows->tensor_count, sizeof *worker->pull_scale);
    worker->pushed_rows = calloc(rows->tensor_count, sizeof *worker->pushed_rows);
    worker->pulled_rows = calloc(rows->tensor_count, sizeof *worker->pulled_rows);
    if (!worker->list || !worker->version || !worker->received || !worker->push_scale ||
        !worker->demanded_scale || !worker->pull_scale || !worker->pushed_rows ||
        !worker->pulled_rows)
        return rog_fail_nomem(err);
    if (rog_worker_has_values(worker)) {
        worker->scratch = malloc(rog_rows_scratch_bytes(rows) + 1);
        if (!worker->scratch)
            return rog_fail_nomem(err);
        code = rog_way_memory(&rows->way[ROG_ROWS_PUSH], &worker->memory, err);
        if (code)
            return code;
    }
    return rog_strategy_start(worker->strategy, &worker->policy, &worker->state, err);
}

int rog_worker_new(struct rog_worker **out, const struct rog_worker_config *config,
                   float *const *tensors, struct rog_error *err)
{
    *out = NULL;
    if (config->policy.rows != config->rows->row_count || config->worker >= config->policy.workers)
        return rog_fail(err, ROG_EINVAL, "worker %u of %u with a strategy for %u rows of %u",
                        config->worker, config->policy.workers, config->policy.rows,
                        config->rows->row_count);
    struct rog_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return rog_fail_nomem(err);
    worker->rows = config->rows;
    worker->strategy = config->strategy;
    worker->policy = config->policy;
    worker->policy.model = &config->rows->model;
    worker->policy.worker = worker->worker = config->worker;
    worker->local_steps = worker->planned_steps = config->local_steps ? config->local_steps : 1;
    rog_node_init(&worker->node);
    rog_report_init(&worker->report);
    worker->sender = config->sender;
    worker->magnitudes = config->magnitudes;
    const struct rog_contribution_config *contribution =
        config->contribution ? config->contribution : &rog_contribution_default;
    worker->overlap = worker->planned_overlap = worker->overlaps = contribution->overlap;
    int code =
        rog_contribution_init(&worker->contribution, contribution, config->rows, tensors, err);
    if (!code)
        code = build(worker, err);
    if (code)
        rog_worker_free(worker);
    else
        *out = worker;
    return code;
}

void rog_worker_free(struct rog_worker *worker)
{
    if (!worker)
        return;
    rog_strategy_stop(worker->strategy, worker->state);
    rog_set_release(&worker->tensors);
    rog_set_release(&worker->picked);
    rog_set_release(&worker->pulled);
    rog_set_release(&worker->answering);
    rog_set_release(&worker->demanded);
    rog_sending_release(&worker->sending);
    free(worker->pulled_rows);
    free(worker->pushed_rows);
    free(worker->pull_scale);
    free(worker->demanded_scale);
    free(worker->push_scale);
    free(worker->received);
    free(worker->version);
    free(worker->list);
    rog_contribution_release(&worker->contribution);
    free(worker->scratch);
    free(worker->memory);
    free(worker);
}

/* ---- local steps ---- */

int rog_worker_begin(struct rog_worker *worker, double now, struct rog_error *err)
{
    const struct rog_strategy *strategy = worker->strategy;
    struct rog_work_plan plan = {.local_steps = worker->local_steps, .overlap = worker->overlap};
    const struct rog_work_view view = {.iteration = worker->status.iteration + 1,
                                       .local_steps = worker->local_steps,
                                       .now = now,
                                       .history = worker->history,
                                       .node = &worker->node};
    if (strategy->plan_work)
        strategy->plan_work(worker->state, &worker->policy, &view, &plan);
    int code = rog_strategy_check(strategy, worker->state, &worker->policy, err);
    if (code)
        return code;
    if (plan.local_steps < 1 || plan.local_steps > ROG_LOCAL_STEPS_MAX)
        return rog_fail(err, ROG_EINVAL,
                        "strategy %s planned %u local steps for iteration %u; 1 to %u are allowed",
                        strategy->name, plan.local_steps, view.iteration, ROG_LOCAL_STEPS_MAX);
    if (plan.overlap && !worker->overlap)
        return rog_fail(err, ROG_EINVAL,
                        "strategy %s planned to compute during an exchange, but overlap is not set",
                        strategy->name);
    worker->planned_steps = plan.local_steps;
    worker->planned_overlap = plan.overlap;
    return 0;
}

uint32_t rog_worker_local_steps(const struct rog_worker *worker)
{
    return worker->planned_steps;
}

bool rog_worker_overlaps(const struct rog_worker *worker)
{
    return worker->overlaps;
}

/* ---- counts of an iteration ---- */

void rog_worker_begin_counting(struct rog_worker *worker, uint32_t iteration)
{
    size_t bytes = worker->rows->tensor_count * sizeof *worker->pushed_rows;
    worker->status = (struct rog_worker_status){.iteration = iteration};
    memset(worker->pushed_rows, 0, bytes);
    memset(worker->pulled_rows, 0, bytes);
}

void rog_worker_count_rows(const struct rog_worker *worker, const uint32_t *list, uint32_t count,
                           uint32_t *tensor_rows)
{
    for (uint32_t i = 0; i < count; i++)
        tensor_rows[worker->rows->row_tensor[list[i]]]++;
}

/* ---- between two exchanges ---- */

void rog_worker_merge(struct rog_worker *worker)
{
    if (worker->phase == ROG_WORKER_COMPUTING)
        rog_contribution_merge(&worker->contribution, &worker->pulled);
}

void rog_worker_join(struct rog_worker *worker, uint32_t iteration)
{
    rog_sending_release(&worker->sending);
    rog_set_clear(&worker->demanded);
    rog_set_clear(&worker->answering);
    rog_set_clear(&worker->pulled);
    for (uint32_t row = 0; row < worker->rows->row_count; row++)
        worker->version[row] = worker->received[row] = iteration;
    worker->outgoing = ROG_WIRE_NONE;
    worker->is_held = false;
    worker->phase = ROG_WORKER_COMPUTING;
    rog_worker_begin_counting(worker, iteration);
    worker->history = (struct rog_history){0};
    rog_contribution_join(&worker->contribution);
}

static void archive_status(struct rog_worker_status *status, struct rog_archive *archive)
{
    rog_archive_u32(archive, &status->iteration);
    rog_archive_u32(archive, &status->rows_pushed);
    rog_archive_u32(archive, &status->rows_pulled);
    rog_archive_u64(archive, &status->ages_pushed);
    rog_archive_u64(archive, &status->ages_pulled);
    rog_archive_u32(archive, &status->local_steps);
    rog_archive_u64(archive, &status->bytes_pushed);
    rog_archive_u64(archive, &status->bytes_pulled);
    rog_archive_flag(archive, &status->silent);
}

static void archive_report(struct rog_report *report, struct rog_archive *archive)
{
    rog_archive_real(archive, &report->compute_s);
    rog_archive_real(archive, &report->loss);
    rog_archive_real(archive, &report->energy_j);
    rog_archive_u32(archive, &report->local_steps);
}

/* Archives the outgoing stream. */
static void archive_outgoing(struct rog_worker *worker, struct rog_archive *archive)
{
    uint32_t outgoing = worker->outgoing;
    rog_archive_number(archive, &outgoing, ROG_WIRE_DEMANDED, "rows that a worker is sending");
    worker->outgoing = outgoing;
    rog_archive_u32(archive, &worker->outgoing_iteration);
    rog_archive_u32(archive, &worker->outgoing_rows);
    rog_archive_real(archive, &worker->outgoing_began_s);
    rog_archive_flag(archive, &worker->is_held);
    rog_archive_u64(archive, &worker->sent_bytes);
    archive_report(&worker->report, archive);
    if (worker->phase == ROG_WORKER_PUSHING)
        rog_sending_archive(&worker->sending, worker->rows, ROG_ROWS_PUSH, worker->status.iteration,
                            archive);
}

void rog_worker_archive(struct rog_worker *worker, struct rog_archive *archive)
{
    const struct rog_rows *rows = worker->rows;
    size_t tensors = rows->tensor_count;
    uint32_t phase = worker->phase;
    rog_archive_number(archive, &phase, ROG_WORKER_PULLING, "the state of a worker");
    worker->phase = phase;
    archive_status(&worker->status, archive);
    rog_history_archive(&worker->history, archive);
    rog_node_archive(&worker->node, archive);
    rog_archive_number(archive, &worker->planned_steps, ROG_LOCAL_STEPS_MAX, "local steps");
    rog_archive_flag(archive, &worker->planned_overlap);
    rog_archive_flag(archive, &worker->overlaps);
    rog_archive_flag(archive, &worker->pull_is_silent);
    rog_archive_real(archive, &worker->pull_began_s);
    rog_archive_u64(archive, &worker->pulled_bytes);
    rog_archive_bytes(archive, worker->version, rows->row_count * sizeof *worker->version);
    rog_archive_bytes(archive, worker->received, rows->row_count * sizeof *worker->received);
    rog_set_archive(&worker->demanded, archive);
    rog_set_archive(&worker->answering, archive);
    rog_set_archive(&worker->pulled, archive);
    archive_outgoing(worker, archive);
    rog_archive_bytes(archive, worker->push_scale, tensors * sizeof *worker->push_scale);
    rog_archive_bytes(archive, worker->demanded_scale, tensors * sizeof *worker->demanded_scale);
    rog_archive_bytes(archive, worker->pull_scale, tensors * sizeof *worker->pull_scale);
    rog_archive_bytes(archive, worker->pushed_rows, tensors * sizeof *worker->pushed_rows);
    rog_archive_bytes(archive, worker->pulled_rows, tensors * sizeof *worker->pulled_rows);
    rog_contribution_archive(&worker->contribution, archive);
    if (worker->memory)
        rog_archive_bytes(archive, worker->memory,
                          rows->way[ROG_ROWS_PUSH].memory_floats * sizeof *worker->memory);
    rog_strategy_archive(worker->strategy, &worker->policy, worker->state, archive);
}

void rog_worker_status(const struct rog_worker *worker, struct rog_worker_status *status)
{
    *status = worker->status;
    status->pushing = worker->phase == ROG_WORKER_PUSHING;
    status->budget_s = worker->phase == ROG_WORKER_PUSHING ? worker->sending.budget_s : 0;
    status->waiting = worker->phase == ROG_WORKER_PUSHING || worker->phase == ROG_WORKER_WAITING ||
                      worker->phase == ROG_WORKER_PULLING;
}

const uint32_t *rog_worker_pushed_rows(const struct rog_worker *worker)
{
    return worker->pushed_rows;
}

const uint32_t *rog_worker_pulled_rows(const struct rog_worker *worker)
{
    return worker->pulled_rows;
}

const float *rog_worker_residual(const struct rog_worker *worker)
{
    return worker->contribution.update;
}

void rog_worker_state(struct rog_worker *worker, uint32_t tensor, float **momentum, float **update)
{
    uint64_t at = worker->rows->tensors[tensor].offset;
    const struct rog_contribution *contribution = &worker->contribution;
    *momentum = contribution->momentum ? contribution->momentum + at : NULL;
    *update = contribution->update ? contribution->update + at : NULL;
}
