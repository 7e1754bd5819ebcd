/* SPDX-License-Identifier: Apache-2.0 */

/* A worker's iterations, and the whole model that it receives when it joins. */

#include <librog/net/work_state.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <librog/events/iteration.h>
#include <librog/net/bytes.h>

/* ---- energy and bandwidth ---- */

/* Returns when the modelled device has made the current steps. */
static double steps_end_s(const struct rog_work *work)
{
    return work->steps_at_s + rog_worker_local_steps(work->core) * work->options->profile->step_s;
}

static double watts_of_phase(const struct rog_work *work)
{
    const struct rog_run_worker *profile = work->options->profile;
    struct rog_worker_status status;
    switch (work->phase) {
    case ROG_WORK_COMPUTING:
    case ROG_WORK_COMPRESSING:
    case ROG_WORK_DECOMPRESSING:
        return profile->watts_compute;
    case ROG_WORK_EXCHANGING:
        rog_worker_status(work->core, &status);
        return status.pushing || work->admitted ? profile->watts_communicate : profile->watts_stall;
    case ROG_WORK_JOINING:
        return profile->watts_communicate;
    case ROG_WORK_WAITING:
    case ROG_WORK_THROUGH:
        return 0;
    }
    return 0;
}

/* If the worker computes and communicates at the same time, the power of communication above that
 * of a stall is added to that of computing. */
static double watts(const struct rog_work *work)
{
    const struct rog_run_worker *profile = work->options->profile;
    double own = watts_of_phase(work);
    bool computes = work->ahead && (!work->handed || rog_link_now() < steps_end_s(work));
    if (!computes || work->phase != ROG_WORK_EXCHANGING)
        return own;
    return profile->watts_compute + fmax(0, own - profile->watts_stall);
}

void rog_work_measure(struct rog_work *work)
{
    struct rog_error err;
    bool last = work->phase == ROG_WORK_THROUGH || work->ended;
    if (work->started)
        rog_work_check(work,
                       rog_work_meter_add(&work->meter, rog_link_now(), rog_work_time(work),
                                          watts(work), last, &err),
                       &err);
}

static void enter(struct rog_work *work, enum rog_work_phase phase)
{
    rog_work_measure(work);
    work->phase = phase;
}

/* ---- an iteration ---- */

static void step_due(uv_timer_t *timer);

/* Continues at `until_s`, always by the timer, even if that is now. */
static void wait_until(struct rog_work *work, double until_s)
{
    double wait_s = until_s - rog_link_now();
    work->step_at_s = until_s;
    uv_update_time(&work->loop);
    uv_timer_start(&work->step, step_due, wait_s > 0 ? (uint64_t)ceil(1e3 * wait_s) : 0, 0);
}

void rog_work_publish(struct rog_work *work)
{
    struct rog_worker_status status;
    rog_worker_status(work->core, &status);
    work->statistics = work->counted;
    work->statistics.iteration = work->iteration;
    work->statistics.largest_iteration =
        work->largest > work->iteration ? work->largest : work->iteration;
    work->statistics.t_s = rog_work_time(work);
    work->next = status.iteration + 1;
    work->local_steps = rog_worker_local_steps(work->core);
    work->exchanging = work->ahead;
}

/* The caller may compute the next iteration; `ahead`: during the exchange of this one. */
static void hand_over(struct rog_work *work, bool ahead)
{
    struct rog_error err;
    int code = rog_worker_begin(work->core, rog_work_time(work), &err);
    rog_work_check(work, code, &err);
    if (code)
        return;
    work->ahead = ahead;
    work->handed = false;
    work->steps_at_s = rog_link_now();
    rog_work_publish(work);
    rog_handoff_give(work->handoff);
}

static void end_work(struct rog_work *work)
{
    struct rog_error err;
    rog_worker_merge(work->core);
    enter(work, ROG_WORK_THROUGH);
    work->finished = work->iteration;
    rog_work_check(work, rog_link_put(work->link, ROG_KIND_DONE, NULL, 0, &err), &err);
}

/* The caller has handed control back, and no exchange is in progress. */
static void act(struct rog_work *work)
{
    work->handed = false;
    if (work->finish) {
        end_work(work);
    } else if (work->settle) {
        rog_worker_merge(work->core);
        hand_over(work, false);
    } else {
        wait_until(work, steps_end_s(work));
    }
}

void rog_work_begin(struct rog_work *work)
{
    bool computes = work->ahead && !work->handed; /* the caller has control */
    if (!computes && work->finish && work->iteration >= work->finished) {
        end_work(work);
        return;
    }
    enter(work, ROG_WORK_COMPUTING);
    work->began_s = rog_link_now();
    work->admitted = false;
    if (!work->ahead)
        hand_over(work, false);
    else if (work->handed)
        act(work);
}

static void apply_model(struct rog_work *work);

void rog_work_taken(void *user)
{
    struct rog_work *work = user;
    if (work->code || work->ended)
        return; /* the loop is about to end */
    work->steps_s = rog_link_now() - work->steps_at_s;
    if (work->join_ready) {
        apply_model(work);
    } else if (work->phase == ROG_WORK_COMPUTING) {
        act(work);
    } else if (work->ahead) {
        struct rog_worker_status status;
        rog_worker_status(work->core, &status);
        work->handed = true;
        if (work->finish)
            work->finished = status.iteration;
    }
}

static int make_push(struct rog_work *work)
{
    struct rog_error err;
    const struct rog_report report = {
        .compute_s = fmax(work->steps_s, steps_end_s(work) - work->steps_at_s),
        .loss = isfinite(work->loss) ? work->loss : (double)NAN,
        .energy_j = work->meter.energy ? work->meter.joules : (double)NAN};
    work->loss_pushed = work->loss;
    rog_worker_measured(work->core, &report);
    int code = rog_worker_push(work->core, &work->gradients, rog_work_time(work), &err);
    rog_work_check(work, code, &err);
    return code;
}

/* The local steps are complete. If a push may have no rows, it is planned before the time for
 * compressing; a push without rows does not take this time. */
static void compress(struct rog_work *work)
{
    struct rog_worker_status status = {0};
    enter(work, ROG_WORK_COMPRESSING);
    work->computed_s = rog_link_now();
    work->lagged = work->ahead;
    work->ahead = false;
    if (work->may_be_silent) {
        if (make_push(work))
            return;
        rog_worker_status(work->core, &status);
        rog_worker_hold(work->core, true, rog_work_time(work));
    }
    wait_until(work, work->computed_s + (status.silent ? 0 : work->options->profile->compress_s));
}

static void push(struct rog_work *work)
{
    enter(work, ROG_WORK_EXCHANGING);
    if (!work->may_be_silent && make_push(work))
        return;
    rog_worker_hold(work->core, false, rog_work_time(work));
    rog_link_wake(work->link);
    if (rog_worker_overlaps(work->core))
        hand_over(work, true);
}

/* Records the iteration that has ended. */
static void measure_iteration(struct rog_work *work, struct rog_iteration *row)
{
    struct rog_worker_status status;
    double now = rog_link_now(), scale = work->options->wire_scale;
    /* The stall, as measured by the server, ended with the admission. */
    double push_s = work->admitted_s - work->stall_s - work->computed_s;
    uint32_t behind = work->largest > work->iteration ? work->largest - work->iteration : 0;
    rog_worker_status(work->core, &status);
    rog_iteration_init(row);
    row->rank = work->options->rank;
    row->iteration = work->iteration;
    row->t = rog_work_time(work);
    row->compute_s = work->computed_s - work->began_s;
    row->push_s = push_s > 0 ? push_s : 0;
    row->pull_s = now - work->admitted_s;
    row->stall_s = work->stall_s;
    row->rows_total = work->options->rows->row_count;
    /* Includes rows that were demanded while the steps were computed. */
    row->bytes_pushed = llround((double)work->sent_bytes * scale);
    work->sent_bytes = 0;
    row->bytes_pulled = llround((double)status.bytes_pulled * scale);
    if (isfinite(work->loss_pushed))
        row->loss = work->loss_pushed;
    row->staleness = behind + work->lagged;
}

static int report_iteration(struct rog_work *work, struct rog_error *err)
{
    struct rog_iteration row;
    measure_iteration(work, &row);
    int code = rog_iteration_report(work->events, work->layers, work->core, &row, err);
    rog_iteration_count(&work->counted, &row);
    return code;
}

static void step_due(uv_timer_t *timer)
{
    struct rog_work *work = timer->data;
    struct rog_error err;
    if (work->code)
        return;
    if (rog_link_now() < work->step_at_s) {
        wait_until(work, work->step_at_s);
        return;
    }
    switch (work->phase) {
    case ROG_WORK_COMPUTING:
        compress(work);
        break;
    case ROG_WORK_COMPRESSING:
        push(work);
        break;
    case ROG_WORK_DECOMPRESSING:
        work->iteration++;
        rog_work_check(work, report_iteration(work, &err), &err);
        rog_work_begin(work);
        break;
    case ROG_WORK_WAITING:
    case ROG_WORK_EXCHANGING:
    case ROG_WORK_JOINING:
    case ROG_WORK_THROUGH:
        break;
    }
}

/* ---- the whole model ---- */

void rog_work_join(struct rog_work *work, uint32_t iteration)
{
    uv_timer_stop(&work->step);
    enter(work, ROG_WORK_JOINING);
    work->join_iteration = iteration;
    work->join_ready = false;
    rog_work_meter_continue(&work->meter);
    work->model_at = 0;
}

static void apply_model(struct rog_work *work)
{
    const float *from = work->model;
    work->join_ready = false;
    for (uint32_t i = 0; work->model && i < work->value_spans; i++) {
        memcpy(work->values[i].values, from, work->values[i].count * sizeof *from);
        from += work->values[i].count;
    }
    free(work->model);
    work->model = NULL;
    rog_worker_join(work->core, work->join_iteration);
    work->iteration = work->join_iteration;
    work->counted.joins++;
    work->ahead = work->handed = false;
    rog_work_begin(work);
}

int rog_work_take_model(struct rog_work *work, const uint8_t *body, size_t size,
                        struct rog_error *err)
{
    uint64_t values = rog_pieces_values(work->values, work->value_spans);
    if (work->phase != ROG_WORK_JOINING || work->join_ready)
        return rog_fail(err, ROG_EFORMAT, "a part of a model that was not requested");
    if (values && !work->model)
        work->model = malloc(values * sizeof *work->model);
    if (values && !work->model)
        return rog_fail_nomem(err);
    const struct rog_span all = {work->model, values, NULL};
    int code = rog_pieces_read(&all, 1, &work->model_at, body, size, err);
    if (code || work->model_at < values)
        return code;
    if (rog_handoff_given(work->handoff))
        work->join_ready = true;
    else
        apply_model(work);
    return ROG_OK;
}

/* ---- messages ---- */

int rog_work_take_core(struct rog_work *work, const uint8_t *body, size_t size,
                       struct rog_error *err)
{
    enum rog_worker_notice notice;
    int code = rog_worker_receive(work->core, body, size, rog_work_time(work), &notice, err);
    if (!code && notice == ROG_WORKER_PULLED) {
        struct rog_worker_status status;
        rog_worker_status(work->core, &status);
        enter(work, ROG_WORK_DECOMPRESSING);
        double took_s = status.rows_pulled ? work->options->profile->decompress_s : 0;
        if (work->ahead && rog_link_now() < steps_end_s(work)) /* one device does both */
            work->steps_at_s += took_s;
        wait_until(work, rog_link_now() + took_s);
    }
    return code; /* demanded rows are sent when the link asks for data, after this message */
}

int rog_work_take_admitted(struct rog_work *work, const uint8_t *body, size_t size,
                           struct rog_error *err)
{
    if (size != 16)
        return rog_fail(err, ROG_EFORMAT, "a permission to continue of %zu bytes", size);
    uint64_t bits = rog_get_u64(body + 8);
    double stall_s;
    memcpy(&stall_s, &bits, sizeof stall_s);
    if (!isfinite(stall_s) || stall_s < 0)
        return rog_fail(err, ROG_EFORMAT, "a stall of %g s", stall_s);
    rog_work_measure(work);
    work->largest = rog_get_u32(body + 4);
    work->stall_s = stall_s;
    work->admitted = true;
    work->admitted_s = rog_link_now();
    return ROG_OK;
}
