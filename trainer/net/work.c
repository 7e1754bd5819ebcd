/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/net/work_state.h>

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <rog/events.h>

#define TICK_MS 50
/* How long a worker that ends waits for its last words to get out, and for the server to close. */
#define FAREWELL_S 1.0
#define END_S 6.0

double rog_work_time(const struct rog_work *work)
{
    return work->started ? rog_link_now() - work->origin_s : 0;
}

void rog_work_fail(struct rog_work *work, int code, const struct rog_error *err)
{
    struct rog_error again;
    if (work->code)
        return;
    work->code = code;
    work->err = *err;
    work->ending_s = rog_link_now();
    if (rog_link_up(work->link))
        rog_link_put(work->link, ROG_KIND_LEAVE, (const uint8_t *)work->err.message,
                     strlen(work->err.message), &again);
}

void rog_work_warn(struct rog_work *work, const char *format, ...)
{
    char text[ROG_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct rog_error err;
    rog_event_begin(work->events, ROG_EVENT_WARNING, rog_work_time(work), work->options->rank);
    rog_event_string(work->events, "message", text);
    if (rog_event_end(work->events, &err))
        rog_work_fail(work, err.code, &err);
}

void rog_work_set_clock(struct rog_work *work, double t_s)
{
    if (work->started)
        return;
    work->started = true;
    work->origin_s = rog_link_now() - t_s;
    work->metered_s = rog_link_now();
    work->energy_told_s = -INFINITY;
    work->mbps = -1;
    if (work->trace)
        rog_link_pace(work->link, work->trace, work->profile->trace_offset - work->origin_s);
}

/* ---- the loop ---- */

static void tick(uv_timer_t *timer)
{
    struct rog_work *work = timer->data;
    struct rog_error err;
    double now = rog_link_now(), ending_s = work->ending_s > 0 ? now - work->ending_s : 0;
    bool up = rog_link_up(work->link);
    if (work->ended && (!up || ending_s > END_S))
        uv_stop(&work->loop);
    else if (work->code && !work->ended &&
             (!up || rog_link_settled(work->link) || ending_s > FAREWELL_S))
        uv_stop(&work->loop);
    else if (work->ending_s <= 0)
        rog_work_watch_link(work, now);
    rog_work_meter(work);
    if (rog_events_flush(work->events, &err))
        rog_work_fail(work, err.code, &err);
}

static void signalled(uv_signal_t *signal, int number)
{
    struct rog_work *work = signal->data;
    struct rog_error err;
    rog_fail(&err, ROG_EINTR, "interrupted by %s", number == SIGINT ? "SIGINT" : "SIGTERM");
    rog_work_fail(work, ROG_EINTR, &err);
}

static int open_loop(struct rog_work *work, struct rog_error *err)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    if (uv_loop_init(&work->loop))
        return rog_fail(err, ROG_EIO, "cannot make an event loop");
    work->loop_made = true;
    uv_timer_t *const timers[] = {&work->tick, &work->step, &work->retry};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        uv_timer_init(&work->loop, timers[i]);
        timers[i]->data = work;
    }
    uv_timer_start(&work->tick, tick, TICK_MS, TICK_MS);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&work->loop, &work->signals[i]);
        work->signals[i].data = work;
        uv_signal_start(&work->signals[i], signalled, numbers[i]);
    }
    int code = rog_compute_new(&work->compute, &work->loop, &rog_work_compute_hooks, work, err);
    if (!code)
        code = rog_link_new(&work->link, &work->loop, &rog_work_link_hooks, work, err);
    return code;
}

static void close_loop(struct rog_work *work)
{
    if (!work->loop_made)
        return;
    rog_compute_free(work->compute);
    rog_conn_close(work->conn);
    rog_link_free(work->link);
    uv_close((uv_handle_t *)&work->tick, NULL);
    uv_close((uv_handle_t *)&work->step, NULL);
    uv_close((uv_handle_t *)&work->retry, NULL);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&work->signals[i], NULL);
    uv_run(&work->loop, UV_RUN_DEFAULT);
    uv_loop_close(&work->loop);
}

/* ---- life ---- */

static int open_events(struct rog_work *work, struct rog_error *err)
{
    int code = rog_dir_make(work->options->out_dir, err);
    char *path = code ? NULL : rog_path_join(work->options->out_dir, "events.jsonl");
    if (!code && !path)
        code = rog_fail_nomem(err);
    if (!code)
        code = rog_events_resume(&work->events, path, err);
    free(path);
    return code;
}

static void draw_session(struct rog_work *work)
{
    uint8_t bytes[(ROG_SESSION_ID_BYTES - 1) / 2];
    uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(work->session + 2 * i, 3, "%02x", bytes[i]);
}

static int prepare(struct rog_work *work, const struct rog_run_config *config,
                   struct rog_error *err)
{
    const struct rog_work_options *options = work->options;
    struct rog_train *train = &work->train;
    if (options->rank < 1 || options->rank > config->worker_count)
        return rog_fail(err, ROG_EINVAL, "there is no worker of rank %u among %u", options->rank,
                        config->worker_count);
    uint32_t worker = options->rank - 1;
    work->profile = &config->workers[worker];
    int code = rog_train_init(train, config, options->start_model, err);
    if (!code)
        code = rog_link_check_rows(train->rows, err);
    if (!code)
        code = rog_hello_make(train, &work->hello, err);
    if (!code && options->pace)
        code = rog_trace_open(&work->trace, work->profile->trace, options->rank, config->seed, err);
    if (!code)
        code = rog_link_resolve(options->server, false, &work->address, &work->address_bytes, err);
    if (code)
        return code;
    const struct rog_worker_config core = {
        .rows = train->rows,
        .strategy = train->plugin.strategy,
        .policy = {train->rows->row_count, config->worker_count, train->threshold},
        .worker = worker,
        .momentum = config->momentum,
        .weight_decay = config->weight_decay,
    };
    draw_session(work);
    work->message = malloc(ROG_LINK_BODY_MAX);
    code = work->message ? rog_worker_new(&work->core, &core, train->params, err)
                         : rog_fail_nomem(err);
    return code ? code : open_loop(work, err);
}

static void release(struct rog_work *work)
{
    close_loop(work);
    rog_worker_free(work->core);
    rog_trace_free(work->trace);
    rog_json_free(work->hello);
    rog_train_release(&work->train);
    free(work->hello_text);
    free(work->message);
    free(work->model);
    free(work);
}

int rog_work(const struct rog_run_config *config, const struct rog_work_options *options,
             struct rog_error *err)
{
    struct rog_work *work = calloc(1, sizeof *work);
    struct rog_error cause = {0}, last = {0};
    if (!work)
        return rog_fail_nomem(err);
    work->options = options;
    int code = open_events(work, &cause);
    if (!code)
        code = prepare(work, config, &cause);
    if (!code) {
        work->lost_s = rog_link_now();
        rog_work_connect(work);
        uv_run(&work->loop, UV_RUN_DEFAULT);
        code = work->code;
        cause = work->err;
    }
    if (code && work->events) {
        rog_event_begin(work->events, ROG_EVENT_ERROR, rog_work_time(work), options->rank);
        rog_event_string(work->events, "message", cause.message);
        rog_event_end(work->events, NULL);
    }
    struct rog_events *events = work->events;
    release(work);
    if (rog_events_close(events, &last) && !code) {
        code = last.code;
        cause = last;
    }
    if (code)
        rog_fail(err, code, "%s", cause.message);
    return code;
}
