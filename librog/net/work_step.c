/* SPDX-License-Identifier: Apache-2.0 */
#include <librog/net/work_state.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <librog/events/iteration.h>
#include <librog/net/bytes.h>
#include <librog/sync/message.h>
#include <rog/events.h>

#define ENERGY_PERIOD_S 10.0

static void check(struct rog_work *work, int code, const struct rog_error *err)
{
    if (code)
        rog_work_fail(work, code, err);
}

/* ---- energy and bandwidth ---- */

static double watts(const struct rog_work *work)
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

void rog_work_meter(struct rog_work *work)
{
    struct rog_error err;
    double now = rog_link_now(), t_s = rog_work_time(work);
    if (!work->started)
        return;
    work->joules += watts(work) * (now - work->metered_s);
    work->metered_s = now;
    const struct rog_trace *trace = work->options->trace;
    double mbps = trace ? rog_trace_rate(trace, t_s + work->options->profile->trace_offset) : 0;
    if (trace && fabs(mbps - work->mbps) > 0) {
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

/* The caller's turn begins. */
static void give_handoff(struct rog_work *work)
{
    work->statistics.iteration = work->iteration;
    work->statistics.largest_iteration =
        work->largest > work->iteration ? work->largest : work->iteration;
    work->statistics.t_s = rog_work_time(work);
    rog_handoff_give(work->handoff);
}

static void through(struct rog_work *work)
{
    struct rog_error err;
    enter(work, ROG_WORK_THROUGH);
    work->finished = work->iteration;
    check(work, rog_link_put(work->link, ROG_KIND_DONE, NULL, 0, &err), &err);
}

void rog_work_begin(struct rog_work *work)
{
    if (work->finish && work->iteration >= work->finished) {
        through(work);
        return;
    }
    enter(work, ROG_WORK_COMPUTING);
    work->began_s = rog_link_now();
    work->admitted = false;
    give_handoff(work);
}

static void apply_model(struct rog_work *work);

void rog_work_taken(void *user)
{
    struct rog_work *work = user;
    if (work->code || work->ended)
        return; /* the loop is about to end, with the turn */
    if (work->join_ready)
        apply_model(work);
    else if (work->phase == ROG_WORK_COMPUTING && work->finish)
        through(work);
    else if (work->phase == ROG_WORK_COMPUTING)
        wait_until(work, work->began_s +
                             work->options->profile->local_steps * work->options->profile->step_s);
}

static void push(struct rog_work *work)
{
    struct rog_error err;
    enter(work, ROG_WORK_EXCHANGING);
    int code = rog_worker_push_tensors(work->core, &work->gradients, rog_work_time(work), &err);
    check(work, code, &err);
    if (!code)
        rog_link_wake(work->link);
}

/* What the iteration that is over was. */
static void measure_iteration(struct rog_work *work, struct rog_iteration *row)
{
    struct rog_worker_status status;
    double now = rog_link_now(), scale = work->options->wire_scale;
    /* What the server counted as the stall ended with its leave to go on. */
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
    /* With the rows that were demanded while the steps were computed. */
    row->bytes_pushed = llround((double)work->sent_bytes * scale);
    work->sent_bytes = 0;
    row->bytes_pulled = llround((double)status.bytes_pulled * scale);
    if (isfinite(work->loss))
        row->loss = work->loss;
    row->staleness = behind + work->options->lag;
}

static void count_iteration(struct rog_statistics *statistics, const struct rog_iteration *row)
{
    statistics->compute_s = row->compute_s;
    statistics->push_s = row->push_s;
    statistics->pull_s = row->pull_s;
    statistics->stall_s = row->stall_s;
    statistics->rows_pushed = (uint32_t)row->rows_pushed;
    statistics->rows_pulled = (uint32_t)row->rows_pulled;
    statistics->bytes_pushed = (uint64_t)row->bytes_pushed;
    statistics->bytes_pulled = (uint64_t)row->bytes_pulled;
    statistics->all_bytes_pushed += statistics->bytes_pushed;
    statistics->all_bytes_pulled += statistics->bytes_pulled;
}

static int report_iteration(struct rog_work *work, struct rog_error *err)
{
    struct rog_iteration row;
    measure_iteration(work, &row);
    int code = rog_iteration_report(work->events, work->layers, work->core, &row, err);
    count_iteration(&work->statistics, &row);
    return code;
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
        wait_until(work, work->computed_s + work->options->profile->compress_s);
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
    const struct rog_layout *layout = work->options->layout;
    const float *from = work->model;
    work->join_ready = false;
    for (uint32_t i = 0; work->model && i < layout->count; i++) {
        memcpy(work->options->tensors[i], from, layout->tensors[i].size * sizeof *from);
        from += layout->tensors[i].size;
    }
    free(work->model);
    work->model = NULL;
    rog_worker_join(work->core, work->join_iteration);
    work->iteration = work->join_iteration;
    work->statistics.joins++;
    rog_work_begin(work);
}

uint64_t rog_work_values(const struct rog_work *work)
{
    const struct rog_layout *layout = work->options->layout;
    return work->options->tensors ? layout->params + layout->constants : 0;
}

static int take_model(struct rog_work *work, const uint8_t *body, size_t size,
                      struct rog_error *err)
{
    uint64_t values = rog_work_values(work);
    uint64_t count =
        size < ROG_KIND_PIECE_BYTES ? 0 : (size - ROG_KIND_PIECE_BYTES) / sizeof(float);
    if (work->phase != ROG_WORK_JOINING || work->join_ready || size < ROG_KIND_PIECE_BYTES ||
        (size - ROG_KIND_PIECE_BYTES) % sizeof(float) || rog_get_u64(body) != values ||
        rog_get_u64(body + 8) != work->model_at || count > values - work->model_at)
        return rog_fail(err, ROG_EFORMAT, "a piece of a model that does not fit");
    if (values && !work->model)
        work->model = malloc(values * sizeof *work->model);
    if (values && !work->model)
        return rog_fail_nomem(err);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bits = rog_get_u32(body + ROG_KIND_PIECE_BYTES + 4 * i);
        memcpy(&work->model[work->model_at + i], &bits, sizeof bits);
    }
    work->model_at += count;
    if (work->model_at < values)
        return ROG_OK;
    if (rog_handoff_given(work->handoff))
        work->join_ready = true;
    else
        apply_model(work);
    return ROG_OK;
}

/* The tensor that has the value, and where in it. */
static uint32_t find_value(const struct rog_layout *layout, uint64_t *value)
{
    uint32_t index = 0;
    for (; *value >= layout->tensors[index].size; index++)
        *value -= layout->tensors[index].size;
    return index;
}

/* The next piece of the model that the server learns. */
static int put_model(struct rog_work *work, size_t bytes, struct rog_error *err)
{
    const struct rog_layout *layout = work->options->layout;
    uint64_t values = rog_work_values(work), left = values - work->upload_at;
    uint64_t count = (bytes - ROG_KIND_PIECE_BYTES) / sizeof(float), at = work->upload_at;
    count = count < left ? count : left;
    rog_put_u64(work->message, values);
    rog_put_u64(work->message + 8, work->upload_at);
    uint32_t index = find_value(layout, &at);
    for (uint64_t i = 0; i < count; i++, at++) {
        uint32_t bits;
        if (at == layout->tensors[index].size) {
            index++;
            at = 0;
        }
        memcpy(&bits, &work->options->tensors[index][at], sizeof bits);
        rog_put_u32(work->message + ROG_KIND_PIECE_BYTES + 4 * i, bits);
    }
    work->upload_at += count;
    if (work->upload_at == values)
        work->upload_at = UINT64_MAX;
    return rog_link_put(work->link, ROG_KIND_MODEL, work->message,
                        ROG_KIND_PIECE_BYTES + 4 * (size_t)count, err);
}

/* ---- messages ---- */

static int take_core(struct rog_work *work, const uint8_t *body, size_t size, struct rog_error *err)
{
    enum rog_worker_notice notice;
    int code = rog_worker_receive(work->core, body, size, rog_work_time(work), &notice, err);
    if (!code && notice == ROG_WORKER_PULLED) {
        enter(work, ROG_WORK_DECOMPRESSING);
        wait_until(work, rog_link_now() + work->options->profile->decompress_s);
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

static int begin_upload(struct rog_work *work, struct rog_error *err)
{
    if (work->started || rog_work_values(work) == 0)
        return rog_fail(err, ROG_EFORMAT, "the server asks for a model that it cannot need");
    work->upload_at = 0;
    rog_link_wake(work->link);
    return ROG_OK;
}

/* The run begins, once: the turn is the caller's from here on. */
static int take_go(struct rog_work *work, bool model_follows, struct rog_error *err)
{
    if (work->phase != ROG_WORK_WAITING)
        return rog_fail(err, ROG_EFORMAT, "the server begins a run that has begun");
    rog_work_set_clock(work, 0);
    if (model_follows)
        rog_work_join(work, 0);
    else
        rog_work_begin(work);
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
        code = take_go(work, size > 0, err);
        break;
    case ROG_KIND_UPLOAD:
        code = begin_upload(work, err);
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
    const struct rog_work_options *options = work->options;
    struct rog_error err;
    size_t size = 0, room = rog_link_core_bytes(options->rows, options->wire_scale, bytes);
    if (work->code)
        return;
    if (work->upload_at != UINT64_MAX) {
        check(work, put_model(work, bytes, &err), &err);
        return;
    }
    if (!work->started || work->phase == ROG_WORK_JOINING || work->phase == ROG_WORK_THROUGH)
        return;
    int code = rog_worker_send(work->core, rog_work_time(work), work->message, room, &size, &err);
    work->sent_bytes += code ? 0 : rog_message_wire_bytes(options->rows, work->message, size);
    if (!code && size > 0)
        code = rog_link_put_core(work->link, options->rows, work->message, size,
                                 options->wire_scale, bytes, &err);
    check(work, code, &err);
}
