/* SPDX-License-Identifier: Apache-2.0 */

/* A worker of a real run: its loop in a thread, and the calls of its driver. */

#include <librog/net/work_state.h>

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <rog/events.h>

#define TICK_MS 50
/* How long a worker that ends waits until its last messages are sent, and for the server to close,
 * s */
#define GRACE_S 1.0
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
    rog_dial_stop(work->dial);
    if (rog_link_up(work->link))
        rog_link_put(work->link, ROG_KIND_LEAVE, (const uint8_t *)work->err.message,
                     strlen(work->err.message), &again);
}

void rog_work_check(struct rog_work *work, int code, const struct rog_error *err)
{
    if (code)
        rog_work_fail(work, code, err);
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
    rog_work_meter_begin(&work->meter, rog_link_now());
    if (work->options->trace)
        rog_link_pace(work->link, work->options->trace,
                      work->options->profile->trace_offset - work->origin_s);
}

/* ---- the loop ---- */

static void watch(struct rog_work *work, double now)
{
    rog_work_watch_link(work, now);
    rog_dial_watch(work->dial, now);
}

static void tick(uv_timer_t *timer)
{
    struct rog_work *work = timer->data;
    struct rog_error err;
    double now = rog_link_now(), ending_s = work->ending_s > 0 ? now - work->ending_s : 0;
    bool up = rog_link_up(work->link);
    if (work->ended && (!up || ending_s > END_S))
        uv_stop(&work->loop);
    else if (work->code && !work->ended &&
             (!up || rog_link_settled(work->link) || ending_s > GRACE_S))
        uv_stop(&work->loop);
    else if (work->ending_s <= 0)
        watch(work, now);
    rog_work_measure(work);
    if (rog_events_flush(work->events, &err))
        rog_work_fail(work, err.code, &err);
}

static void signalled(uv_signal_t *signal, int number)
{
    struct rog_work *work = signal->data;
    struct rog_error err;
    rog_fail(&err, ROG_EINTR, ROG_INTERRUPTED "%s", number == SIGINT ? "SIGINT" : "SIGTERM");
    rog_work_fail(work, ROG_EINTR, &err);
}

/* The caller wants to end without having finished. */
static void quit(void *user)
{
    struct rog_work *work = user;
    struct rog_error err;
    rog_fail(&err, ROG_EINTR, "%s", work->why[0] ? work->why : ROG_CLOSED);
    rog_work_fail(work, ROG_EINTR, &err);
}

static const struct rog_handoff_hooks handoff_hooks = {.taken = rog_work_taken, .quit = quit};

static void open_signals(struct rog_work *work)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&work->loop, &work->signals[i]);
        work->signals[i].data = work;
        uv_signal_start(&work->signals[i], signalled, numbers[i]);
    }
    work->signals_made = true;
}

static int open_loop(struct rog_work *work, struct rog_error *err)
{
    if (uv_loop_init(&work->loop))
        return rog_fail(err, ROG_EIO, "cannot create an event loop");
    work->loop_made = true;
    uv_timer_t *const timers[] = {&work->tick, &work->step};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        uv_timer_init(&work->loop, timers[i]);
        timers[i]->data = work;
    }
    uv_timer_start(&work->tick, tick, TICK_MS, TICK_MS);
    if (work->options->signals)
        open_signals(work);
    int code = rog_handoff_new(&work->handoff, &work->loop, &handoff_hooks, work, err);
    if (!code)
        code = rog_dial_new(&work->dial, &work->loop, work->options->server, work->options->secret,
                            work->options->server_timeout_s, &rog_work_dial_hooks, work, err);
    if (!code)
        code = rog_link_new(&work->link, &work->loop, &rog_work_link_hooks, work, err);
    if (!code)
        rog_link_take_up_to(work->link, rog_link_message_bytes(work->options->rows));
    return code;
}

static void close_loop(struct rog_work *work)
{
    if (!work->loop_made)
        return;
    rog_handoff_free(work->handoff);
    rog_dial_free(work->dial);
    rog_link_free(work->link);
    uv_close((uv_handle_t *)&work->tick, NULL);
    uv_close((uv_handle_t *)&work->step, NULL);
    for (int i = 0; i < 2 && work->signals_made; i++)
        uv_close((uv_handle_t *)&work->signals[i], NULL);
    uv_run(&work->loop, UV_RUN_DEFAULT);
    uv_loop_close(&work->loop);
}

/* ---- creation and release ---- */

static int open_events(struct rog_work *work, struct rog_error *err)
{
    const char *folder = work->options->out_dir;
    if (!folder)
        return rog_events_open(&work->events, "/dev/null", err);
    int code = rog_dir_make(folder, err);
    char *path = code ? NULL : rog_path_join(folder, "events.jsonl");
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

static void prepare_meter(struct rog_work *work)
{
    const struct rog_driver_options *options = work->options;
    work->meter =
        (struct rog_work_meter){.events = work->events,
                                .trace = options->trace,
                                .trace_offset = options->profile->trace_offset,
                                .rank = options->rank,
                                .energy = options->energy && options->profile->watts_known};
}

static int gather_values(struct rog_work *work, struct rog_error *err)
{
    const struct rog_layout *layout = work->options->layout;
    work->values = calloc(layout->count, sizeof *work->values);
    if (!work->values)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < layout->count; i++)
        work->values[i] =
            (struct rog_span){work->options->tensors[i], layout->tensors[i].size, NULL};
    work->value_spans = layout->count;
    return ROG_OK;
}

static int prepare(struct rog_work *work, struct rog_error *err)
{
    const struct rog_driver_options *options = work->options;
    const struct rog_worker_config core = {
        .rows = options->rows,
        .strategy = options->strategy,
        .policy = {.rows = options->rows->row_count,
                   .workers = options->workers,
                   .threshold = options->threshold,
                   .parameters = options->parameters,
                   .seed = options->seed},
        .worker = options->rank - 1,
        .local_steps = options->profile->local_steps,
        .contribution = options->contribution,
    };
    int code = ROG_OK;
    draw_session(work);
    prepare_meter(work);
    if (options->tensors)
        code = gather_values(work, err);
    if (code)
        return code;
    work->upload_at = UINT64_MAX;
    work->counted.rows_total = work->statistics.rows_total = options->rows->row_count;
    work->message = malloc(rog_link_message_bytes(options->rows));
    work->layout_text = options->upload ? rog_layout_text(options->layout) : NULL;
    if (!work->message || (options->upload && !work->layout_text))
        return rog_fail_nomem(err);
    work->may_be_silent = rog_strategy_may_be_silent(options->strategy, &core.policy);
    code = rog_worker_new(&work->core, &core, options->tensors, err);
    if (!code && options->record_rows && options->out_dir)
        code = rog_layers_new(&work->layers, options->rows, err);
    return code ? code : open_loop(work, err);
}

static void release(struct rog_work *work)
{
    close_loop(work);
    rog_worker_free(work->core);
    rog_layers_free(work->layers);
    rog_events_close(work->events, NULL);
    free(work->layout_text);
    free(work->values);
    free(work->message);
    free(work->model);
    free(work);
}

static void report_error(struct rog_work *work, const struct rog_error *cause)
{
    rog_event_error(work->events, rog_work_time(work), work->options->rank, cause->message);
}

static int make(void **out, const struct rog_driver_options *options, struct rog_error *err)
{
    struct rog_error cause;
    *out = NULL;
    struct rog_work *work = calloc(1, sizeof *work);
    if (!work)
        return rog_fail_nomem(err);
    work->options = options;
    int code = open_events(work, &cause);
    if (!code)
        code = prepare(work, &cause);
    if (code) {
        if (work->events)
            report_error(work, &cause);
        release(work);
        return rog_fail_again(err, &cause);
    }
    *out = work;
    return ROG_OK;
}

/* The loop's thread. It writes and flushes the last event before it hands over control for the last
 * time. */
static void run(void *user)
{
    struct rog_work *work = user;
    struct rog_error last;
    /* Numbers in events need a decimal point, whatever the locale of the program. */
    locale_t c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (c_locale != (locale_t)0)
        uselocale(c_locale);
    rog_dial_begin(work->dial);
    uv_run(&work->loop, UV_RUN_DEFAULT);
    if (work->code)
        report_error(work, &work->err);
    if (rog_events_flush(work->events, &last) && !work->code) {
        work->code = last.code;
        work->err = last;
    }
    uselocale(LC_GLOBAL_LOCALE);
    if (c_locale != (locale_t)0)
        freelocale(c_locale);
    if (!rog_handoff_given(work->handoff))
        rog_work_publish(work);
    rog_handoff_over(work->handoff);
}

static int start(void *driver, struct rog_error *err)
{
    struct rog_work *work = driver;
    /* Signals are handled by the program, not by this thread; the loop receives them through a
     * pipe. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = uv_thread_create(&work->thread, run, work);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code)
        return rog_fail(err, ROG_EIO, "cannot create a thread for the training link: %s",
                        strerror(-code));
    work->thread_made = work->waits = true;
    return ROG_OK;
}

static void end(void *driver)
{
    struct rog_work *work = driver;
    if (!work)
        return;
    if (work->thread_made) {
        if (!rog_handoff_is_over(work->handoff))
            rog_handoff_quit(work->handoff);
        uv_thread_join(&work->thread);
    }
    release(work);
}

/* ---- the caller ---- */

static bool is_busy(void *driver)
{
    const struct rog_work *work = driver;
    return !rog_handoff_wait(work->handoff, 0);
}

static int wait_for_control(struct rog_work *work, double timeout_s, struct rog_error *err)
{
    if (!rog_handoff_wait(work->handoff, timeout_s))
        return rog_fail(err, ROG_EBUSY, "the exchange timed out after %g s", timeout_s);
    work->waits = false;
    work->statistics.over = rog_handoff_is_over(work->handoff);
    if (work->statistics.over && work->code)
        return rog_fail_again(err, &work->err);
    return ROG_OK;
}

static int hand_back(struct rog_work *work, struct rog_error *err)
{
    if (rog_handoff_hand_back(work->handoff)) {
        work->waits = true;
        return ROG_OK;
    }
    if (!rog_handoff_is_over(work->handoff))
        return rog_fail(err, ROG_EINVAL, "an exchange is in progress: wait for it first");
    if (work->code)
        return rog_fail_again(err, &work->err);
    if (!work->statistics.over) /* if it has ended while the caller computed, the wait reports it */
        return ROG_OK;
    return rog_fail(err, ROG_EINVAL,
                    "the run is over: check rog_over after each exchange, and stop");
}

static int push(void *driver, const struct rog_worker_gradients *gradients, double loss,
                struct rog_error *err)
{
    struct rog_work *work = driver;
    if (rog_handoff_wait(work->handoff, 0)) {
        work->gradients = *gradients;
        work->loss = loss;
        work->finish = work->settle = false;
    }
    return hand_back(work, err);
}

static int finish(void *driver, struct rog_error *err)
{
    struct rog_work *work = driver;
    if (rog_handoff_wait(work->handoff, 0)) {
        work->finish = true;
        work->settle = false;
    }
    return hand_back(work, err);
}

static int settle(void *driver, double timeout_s, struct rog_error *err)
{
    struct rog_work *work = driver;
    int code = ROG_OK;
    if (!work->waits && work->exchanging && !work->statistics.over) {
        work->finish = false;
        work->settle = true;
        code = hand_back(work, err);
    }
    return code ? code : wait_for_control(work, timeout_s, err);
}

static void look(const void *driver, struct rog_driver_view *view)
{
    const struct rog_work *work = driver;
    *view = (struct rog_driver_view){
        .statistics = work->statistics, .next = work->next, .local_steps = work->local_steps};
}

static int state(void *driver, uint32_t tensor, float **momentum, float **update,
                 struct rog_error *err)
{
    struct rog_work *work = driver;
    bool over = work->statistics.over; /* an exchange that was in progress then is not completed */
    if (!rog_handoff_wait(work->handoff, 0) || (work->exchanging && !over))
        return rog_fail(err, ROG_EINVAL, "an exchange is in progress: wait for it first");
    rog_worker_state(work->core, tensor, momentum, update);
    return ROG_OK;
}

/* The loop reads `why` when it sees the request to quit. */
static void leave(void *driver, const char *why)
{
    struct rog_work *work = driver;
    if (!work->thread_made || work->why[0] || rog_handoff_is_over(work->handoff))
        return;
    struct rog_error cut;
    rog_fail(&cut, ROG_EINTR, "%s", why);
    memcpy(work->why, cut.message, sizeof work->why);
    rog_handoff_quit(work->handoff);
}

const struct rog_driver rog_net_driver = {
    .new = make,
    .free = end,
    .start = start,
    .settle = settle,
    .is_busy = is_busy,
    .push = push,
    .finish = finish,
    .state = state,
    .look = look,
    .leave = leave,
};
