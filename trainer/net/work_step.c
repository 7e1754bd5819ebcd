/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/net/work_state.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rog/events.h>
#include <trainer/net/bytes.h>

#define ENERGY_PERIOD_S 10.0
#define MODEL_HEADER_BYTES 16

static void check(struct rog_work *work, int code, const struct rog_error *err)
{
    if (code)
        rog_work_fail(work, code, err);
}

/* ---- energy and bandwidth ---- */

static double watts(const struct rog_work *work)
{
    const struct rog_run_worker *profile = work->profile;
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

void rog_work_meter(struct rog_work *work)
{
    struct rog_error err;
    double now = rog_link_now(), t_s = rog_work_time(work);
    if (!work->started)
        return;
    work->joules += watts(work) * (now - work->metered_s);
    work->metered_s = now;
    double mbps = work->trace ? rog_trace_rate(work->trace, t_s + work->profile->trace_offset) : 0;
    if (work->trace && fabs(mbps - work->mbps) > 0) {
        work->mbps = mbps;
        rog_event_begin(work->events, ROG_EVENT_BANDWIDTH, t_s, work->options->rank);
        rog_event_number(work->events, "mbps", mbps);
        check(work, rog_event_end(work->events, &err), &err);
    }
    bool last = work->phase == ROG_WORK_THROUGH || work->ended;
    if (!work->options->energy || work->energy_over ||
        (!last && now - work->energy_told_s < ENERGY_PERIOD_S))
        return;
    work->energy_told_s = now;
    work->energy_over = last; /* it takes nothing from here on */
    rog_event_begin(work->events, ROG_EVENT_ENERGY, t_s, work->options->rank);
    rog_event_seconds(work->events, "joules", work->joules);
    rog_event_string(work->events, "source", "model");
    check(work, rog_event_end(work->events, &err), &err);
}

static void enter(struct rog_work *work, enum rog_work_phase phase)
{
    rog_work_meter(work);
    work->phase = phase;
}

/* ---- an iteration ---- */

static void step_due(uv_timer_t *timer);

/* Goes on at `until_s`, by the timer also when that is now: one way for all. */
static void wait_until(struct rog_work *work, double until_s)
{
    double wait_s = until_s - rog_link_now();
    uv_update_time(&work->loop);
    uv_timer_start(&work->step, step_due, wait_s > 0 ? (uint64_t)ceil(1e3 * wait_s) : 0, 0);
}

void rog_work_begin(struct rog_work *work)
{
    struct rog_error err;
    if (work->iteration >= work->train.iterations[work->options->rank - 1]) {
        enter(work, ROG_WORK_THROUGH);
        check(work, rog_link_put(work->link, ROG_KIND_DONE, NULL, 0, &err), &err);
        return;
    }
    enter(work, ROG_WORK_COMPUTING);
    work->began_s = rog_link_now();
    work->admitted = false;
    if (work->train.learner)
        rog_compute_start(work->compute);
    else
        wait_until(work, work->began_s + work->profile->local_steps * work->profile->step_s);
}

static int compute(void *user, struct rog_error *err)
{
    struct rog_work *work = user;
    return rog_learner_gradients(work->train.learner, work->options->rank - 1,
                                 work->profile->local_steps, work->train.params, &work->gradients,
                                 &work->loss, err);
}

static void apply_model(struct rog_work *work);

static void computed(void *user, int code, const struct rog_error *err)
{
    struct rog_work *work = user;
    if (code)
        rog_work_fail(work, code, err);
    else if (work->join_ready)
        apply_model(work);
    else if (work->phase == ROG_WORK_COMPUTING)
        wait_until(work, work->began_s + work->profile->local_steps * work->profile->step_s);
}

const struct rog_compute_hooks rog_work_compute_hooks = {compute, computed};

static void push(struct rog_work *work)
{
    struct rog_error err;
    enter(work, ROG_WORK_EXCHANGING);
    int code =
        rog_worker_push(work->core, work->train.learner ? work->gradients : NULL,
                        rog_run_config_learning_rate(work->train.config, work->iteration + 1),
                        rog_work_time(work), &err);
    check(work, code, &err);
    if (!code)
        rog_link_wake(work->link);
}

static int report_iteration(struct rog_work *work, struct rog_error *err)
{
    struct rog_events *events = work->events;
    struct rog_worker_status status;
    double now = rog_link_now(), scale = work->train.wire_scale;
    /* What the server counted as the stall ended with its leave to go on. */
    double push_s = work->admitted_s - work->stall_s - work->computed_s;
    rog_worker_status(work->core, &status);
    rog_event_begin(events, ROG_EVENT_ITERATION, rog_work_time(work), work->options->rank);
    rog_event_integer(events, "iteration", work->iteration);
    rog_event_seconds(events, "compute_s", work->computed_s - work->began_s);
    rog_event_seconds(events, "push_s", push_s > 0 ? push_s : 0);
    rog_event_seconds(events, "pull_s", now - work->admitted_s);
    rog_event_seconds(events, "stall_s", work->stall_s);
    rog_event_integer(events, "rows_pushed", status.rows_pushed);
    rog_event_integer(events, "rows_pulled", status.rows_pulled);
    rog_event_integer(events, "rows_total", work->train.rows->row_count);
    rog_event_integer(events, "bytes_pushed", llround((double)status.bytes_pushed * scale));
    rog_event_integer(events, "bytes_pulled", llround((double)status.bytes_pulled * scale));
    if (work->train.learner)
        rog_event_number(events, "loss", work->loss);
    rog_event_integer(events, "staleness",
                      work->largest > work->iteration ? work->largest - work->iteration : 0);
    return rog_event_end(events, err);
}

static void step_due(uv_timer_t *timer)
{
    struct rog_work *work = timer->data;
    struct rog_error err;
    if (work->code)
        return;
    switch (work->phase) {
    case ROG_WORK_COMPUTING:
        enter(work, ROG_WORK_COMPRESSING);
        work->computed_s = rog_link_now();
        wait_until(work, work->computed_s + work->profile->compress_s);
        break;
    case ROG_WORK_COMPRESSING:
        push(work);
        break;
    case ROG_WORK_DECOMPRESSING:
        work->iteration++;
        check(work, report_iteration(work, &err), &err);
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
    work->energy_over = false;
    work->model_at = 0;
}

static void apply_model(struct rog_work *work)
{
    work->join_ready = false;
    if (work->model)
        memcpy(work->train.params, work->model,
               work->train.rows->params * sizeof *work->train.params);
    free(work->model);
    work->model = NULL;
    rog_worker_join(work->core, work->join_iteration);
    work->iteration = work->join_iteration;
    rog_work_begin(work);
}

static int take_model(struct rog_work *work, const uint8_t *body, size_t size,
                      struct rog_error *err)
{
    uint64_t params = work->train.params ? work->train.rows->params : 0;
    uint64_t count = size < MODEL_HEADER_BYTES ? 0 : (size - MODEL_HEADER_BYTES) / sizeof(float);
    if (work->phase != ROG_WORK_JOINING || work->join_ready || size < MODEL_HEADER_BYTES ||
        (size - MODEL_HEADER_BYTES) % sizeof(float) || rog_get_u64(body) != params ||
        rog_get_u64(body + 8) != work->model_at || count > params - work->model_at)
        return rog_fail(err, ROG_EFORMAT, "a piece of a model that does not fit");
    if (params && !work->model)
        work->model = malloc(params * sizeof *work->model);
    if (params && !work->model)
        return rog_fail_nomem(err);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bits = rog_get_u32(body + MODEL_HEADER_BYTES + 4 * i);
        memcpy(&work->model[work->model_at + i], &bits, sizeof bits);
    }
    work->model_at += count;
    if (work->model_at < params)
        return ROG_OK;
    if (rog_compute_busy(work->compute))
        work->join_ready = true;
    else
        apply_model(work);
    return ROG_OK;
}

/* ---- messages ---- */

static int take_core(struct rog_work *work, const uint8_t *body, size_t size, struct rog_error *err)
{
    enum rog_worker_notice notice;
    int code = rog_worker_receive(work->core, body, size, rog_work_time(work), &notice, err);
    if (!code && notice == ROG_WORKER_PULLED) {
        enter(work, ROG_WORK_DECOMPRESSING);
        wait_until(work, rog_link_now() + work->profile->decompress_s);
    }
    return code; /* what it demands is sent when the link asks, after this message */
}

static int take_admitted(struct rog_work *work, const uint8_t *body, size_t size,
                         struct rog_error *err)
{
    if (size != 16)
        return rog_fail(err, ROG_EFORMAT, "a leave to go on of %zu bytes", size);
    uint64_t bits = rog_get_u64(body + 8);
    double stall_s;
    memcpy(&stall_s, &bits, sizeof stall_s);
    if (!isfinite(stall_s) || stall_s < 0)
        return rog_fail(err, ROG_EFORMAT, "a stall of %g s", stall_s);
    rog_work_meter(work);
    work->largest = rog_get_u32(body + 4);
    work->stall_s = stall_s;
    work->admitted = true;
    work->admitted_s = rog_link_now();
    return ROG_OK;
}

static int take_end(struct rog_work *work, const uint8_t *body, size_t size)
{
    work->ended = true;
    work->ending_s = rog_link_now();
    if (size == 0 || work->code)
        return ROG_OK;
    work->code = ROG_EFAILED;
    rog_fail(&work->err, ROG_EFAILED, "the server ended the run: %.*s",
             (int)(size < 900 ? size : 900), (const char *)body);
    return ROG_OK;
}

int rog_work_message(void *user, uint8_t kind, const uint8_t *body, size_t size,
                     struct rog_error *err)
{
    struct rog_work *work = user;
    int code = ROG_OK;
    switch (kind) {
    case ROG_KIND_PAD:
        break;
    case ROG_KIND_CORE:
        code = take_core(work, body, size, err);
        break;
    case ROG_KIND_ADMITTED:
        code = take_admitted(work, body, size, err);
        break;
    case ROG_KIND_MODEL:
        code = take_model(work, body, size, err);
        break;
    case ROG_KIND_GO:
        rog_work_set_clock(work, 0);
        rog_work_begin(work);
        break;
    case ROG_KIND_END:
        code = take_end(work, body, size);
        break;
    default:
        code = rog_fail(err, ROG_EFORMAT, "the server sent a message of unknown kind %u", kind);
    }
    if (code)
        rog_work_fail(work, code, err); /* a server that makes no sense: nothing to go on with */
    return code;
}

void rog_work_produce(void *user, size_t bytes)
{
    struct rog_work *work = user;
    const struct rog_train *train = &work->train;
    struct rog_error err;
    size_t size = 0, room = rog_link_core_bytes(train->rows, train->wire_scale, bytes);
    if (!work->started || work->phase == ROG_WORK_JOINING || work->phase == ROG_WORK_THROUGH ||
        work->code)
        return;
    int code = rog_worker_send(work->core, rog_work_time(work), work->message, room, &size, &err);
    if (!code && size > 0)
        code = rog_link_put_core(work->link, train->rows, work->message, size, train->wire_scale,
                                 bytes, &err);
    check(work, code, &err);
}
