/* SPDX-License-Identifier: Apache-2.0 */

/* The server of a run: waits for workers, runs, and ends. */

#include <librog/net/serve_state.h>

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>
#include <rog/events.h>

#define TICK_MS 50
/* Later deadlines are checked again after this time. */
#define DEADLINE_MOST_MS 1e9
/* Less lost time is not reported when a server resumes, s */
#define LOST_S 0.05
/* Time for the workers to receive the end of the run, s */
#define END_S 5.0

double rog_serve_time(const struct rog_serve *serve)
{
    if (serve->held)
        return serve->held_s;
    return serve->started ? rog_link_now() - serve->origin.steady_s : 0;
}

void rog_serve_fail(struct rog_serve *serve, int code, const struct rog_error *err)
{
    if (serve->code == ROG_OK) {
        serve->code = code;
        serve->err = *err;
    }
    uv_stop(&serve->loop);
}

void rog_serve_check(struct rog_serve *serve, int code, const struct rog_error *err)
{
    if (code)
        rog_serve_fail(serve, code, err);
}

void rog_serve_warn(struct rog_serve *serve, uint32_t worker, const char *format, ...)
{
    char text[ROG_ERROR_MESSAGE_BYTES];
    struct rog_error err;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!serve->started)
        return; /* the stream has not begun: its first event is the run's start */
    rog_event_begin(serve->options->events, ROG_EVENT_WARNING, rog_serve_time(serve),
                    (int64_t)worker + 1);
    rog_event_string(serve->options->events, "message", text);
    rog_serve_check(serve, rog_event_end(serve->options->events, &err), &err);
}

/* ---- the run ---- */

static void start_clock(struct rog_serve *serve)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    serve->origin.wall_s = (double)wall.tv_sec + 1e-9 * (double)wall.tv_nsec;
    serve->origin.steady_s = serve->idle_s = serve->few_s = rog_link_now();
    serve->started = true;
}

static void save_if_due(struct rog_serve *serve)
{
    rog_checkpointer_if_due(serve->checkpointer, &serve->origin, rog_serve_time(serve),
                            rog_server_iteration(serve->core));
}

static int begin(struct rog_serve *serve, struct rog_error *err)
{
    int code = serve->hooks->begin(serve->user, err);
    start_clock(serve);
    if (!code)
        save_if_due(serve);
    for (uint32_t i = 0; i < serve->options->workers && !code; i++)
        if (!rog_serve_peer_is_connected(&serve->peers[i]))
            code = rog_serve_peer_do_without(&serve->peers[i], err);
    for (uint32_t i = 0; i < serve->options->workers && !code; i++)
        if (rog_serve_peer_is_connected(&serve->peers[i]))
            code = rog_serve_peer_go(&serve->peers[i], err);
    if (!code)
        rog_serve_report(serve);
    return code;
}

/* Tells the workers that the run has ended; `reason`: why it failed, NULL if it did not. */
static void end(struct rog_serve *serve, const char *reason)
{
    struct rog_error err;
    size_t size = reason ? strlen(reason) : 0;
    if (serve->ending)
        return;
    serve->ending = true;
    serve->ending_s = rog_link_now();
    serve->seconds = rog_serve_time(serve);
    for (uint32_t i = 0; i < serve->options->workers; i++) {
        struct rog_serve_peer *peer = &serve->peers[i];
        peer->here = false;
        if (peer->session[0])
            rog_serve_check(
                serve, rog_link_put(peer->link, ROG_KIND_END, (const uint8_t *)reason, size, &err),
                &err);
    }
}

static void watch_end(struct rog_serve *serve, double now)
{
    bool settled = true;
    for (uint32_t i = 0; i < serve->options->workers; i++)
        settled &= !serve->peers[i].session[0] || rog_link_settled(serve->peers[i].link);
    if (!settled && now - serve->ending_s < END_S)
        return;
    serve->over = true;
    uv_stop(&serve->loop);
}

static void tick(uv_timer_t *timer)
{
    struct rog_serve *serve = timer->data;
    double now = rog_link_now();
    struct rog_error err;
    if (serve->over)
        return;
    if (serve->accept)
        rog_accept_watch(serve->accept);
    if (serve->ending) {
        watch_end(serve, now);
    } else if (!serve->started) {
        if (rog_serve_may_begin(serve, now))
            rog_serve_check(serve, begin(serve, &err), &err);
    } else {
        for (uint32_t i = 0; i < serve->options->workers; i++)
            rog_serve_peer_watch(&serve->peers[i], now);
        save_if_due(serve);
        if (!rog_serve_continues(serve, now))
            end(serve, NULL);
    }
    rog_serve_check(serve, rog_events_flush(serve->options->events, &err), &err);
}

/* ---- deadlines of the strategy ---- */

static void deadline_passed(uv_timer_t *timer)
{
    struct rog_serve *serve = timer->data;
    struct rog_error err;
    if (serve->code || serve->ending)
        return;
    rog_serve_check(serve, rog_server_tick(serve->core, rog_serve_time(serve), &err), &err);
    rog_serve_report(serve);
}

void rog_serve_set_deadline(struct rog_serve *serve)
{
    double wait_ms = 1e3 * (rog_server_deadline(serve->core) - rog_serve_time(serve));
    if (isinf(wait_ms)) {
        uv_timer_stop(&serve->deadline);
        return;
    }
    uv_update_time(&serve->loop);
    uv_timer_start(&serve->deadline, deadline_passed,
                   (uint64_t)fmin(fmax(ceil(wait_ms), 1), DEADLINE_MOST_MS), 0);
}

static void signalled(uv_signal_t *signal, int number)
{
    struct rog_serve *serve = signal->data;
    struct rog_error err;
    rog_fail(&err, ROG_EINTR, ROG_INTERRUPTED "%s at %.3f s of the run",
             number == SIGINT ? "SIGINT" : "SIGTERM", rog_serve_time(serve));
    rog_serve_fail(serve, ROG_EINTR, &err);
}

/* ---- creation and release ---- */

static int listen_on(struct rog_serve *serve, struct rog_error *err)
{
    const struct rog_serve_options *options = serve->options;
    uint16_t number;
    char port[16];
    int code = rog_accept_new(&serve->accept, &serve->loop, options->listen, options->secret,
                              options->workers, &rog_serve_accept_hooks, serve, &number, err);
    if (code || !options->port_file)
        return code;
    snprintf(port, sizeof port, "%u\n", number);
    return rog_file_write(options->port_file, port, strlen(port), err);
}

static int open_loop(struct rog_serve *serve, struct rog_error *err)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    if (uv_loop_init(&serve->loop))
        return rog_fail(err, ROG_EIO, "cannot create an event loop");
    serve->loop_made = true;
    uv_timer_init(&serve->loop, &serve->tick);
    uv_timer_init(&serve->loop, &serve->deadline);
    serve->tick.data = serve->deadline.data = serve;
    uv_timer_start(&serve->tick, tick, TICK_MS, TICK_MS);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&serve->loop, &serve->signals[i]);
        serve->signals[i].data = serve;
        uv_signal_start(&serve->signals[i], signalled, numbers[i]);
    }
    return ROG_OK;
}

static void close_loop(struct rog_serve *serve)
{
    if (!serve->loop_made)
        return;
    rog_accept_free(serve->accept);
    for (uint32_t i = 0; serve->peers && i < serve->options->workers; i++)
        rog_serve_peer_release(&serve->peers[i]);
    uv_close((uv_handle_t *)&serve->tick, NULL);
    uv_close((uv_handle_t *)&serve->deadline, NULL);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&serve->signals[i], NULL);
    uv_run(&serve->loop, UV_RUN_DEFAULT);
    uv_loop_close(&serve->loop);
}

/* Lists the workers that must rejoin, and the iteration after which each continues. */
static struct rog_json *list_awaited(const struct rog_serve *serve)
{
    struct rog_json *list = rog_json_array();
    for (uint32_t i = 0; i < serve->options->workers; i++) {
        uint32_t after = rog_server_goes_on_after(serve->core, i);
        if (after == ROG_SERVER_AWAY)
            continue;
        struct rog_json *worker = rog_json_object();
        rog_json_put_integer(worker, "rank", (int64_t)i + 1);
        rog_json_put_integer(worker, "iteration", after);
        rog_json_append(list, worker);
    }
    return list;
}

/* Adds the workers that took part before: with "finished", and their last iteration, or
 * "left_s". */
static struct rog_json *list_workers(void *owner)
{
    const struct rog_serve *serve = owner;
    struct rog_json *list = list_awaited(serve);
    for (uint32_t i = 0; i < serve->options->workers; i++) {
        const struct rog_serve_peer *peer = &serve->peers[i];
        if (!peer->came || rog_server_goes_on_after(serve->core, i) != ROG_SERVER_AWAY)
            continue;
        struct rog_json *worker = rog_json_object();
        rog_json_put_integer(worker, "rank", (int64_t)i + 1);
        rog_json_put_integer(worker, "iteration", peer->last);
        if (peer->finished)
            rog_json_put_bool(worker, "finished", true);
        else
            rog_json_put_number(worker, "left_s", peer->left_s);
        rog_json_append(list, worker);
    }
    return list;
}

/* Returns whether the worker was present and must rejoin. */
static bool is_awaited(const struct rog_json *worker)
{
    return !rog_json_get(worker, "left_s") && !rog_json_get(worker, "finished");
}

static void remember(struct rog_serve_peer *peer, const struct rog_json *worker)
{
    uint32_t after = (uint32_t)rog_json_get_integer(worker, "iteration", 0);
    peer->came = true;
    peer->last = after;
    peer->finished = rog_json_get_bool(worker, "finished", false);
    peer->left_s = rog_json_get_number(worker, "left_s", 0);
    if (is_awaited(worker))
        rog_serve_peer_expect(peer, after);
}

/* Restores the workers from that list: those that were present are waited for, as after a lost
 * connection. */
static int go_on(void *owner, uint32_t iteration, const struct rog_json *workers,
                 struct rog_error *err)
{
    struct rog_serve *serve = owner;
    int64_t most = 0;
    size_t known = 0;
    for (size_t i = 0; i < rog_json_size(workers); i++) {
        const struct rog_json *worker = rog_json_at(workers, i);
        int64_t rank = rog_json_get_integer(worker, "rank", 0);
        int64_t after = rog_json_get_integer(worker, "iteration", -1);
        known += !rog_json_get(worker, "left_s");
        if (rank < 1 || rank > serve->options->workers || after < 0 || after > iteration)
            return rog_fail(err, ROG_EFORMAT,
                            "worker %lld resumes after iteration %lld, but the run has %u workers "
                            "and %u iterations",
                            (long long)rank, (long long)after, serve->options->workers, iteration);
        most = after > most ? after : most;
    }
    rog_server_resume(serve->core, known ? (uint32_t)most : iteration);
    for (size_t i = 0; i < rog_json_size(workers); i++) {
        const struct rog_json *worker = rog_json_at(workers, i);
        remember(&serve->peers[rog_json_get_integer(worker, "rank", 0) - 1], worker);
    }
    return ROG_OK;
}

static int report_resume(struct rog_serve *serve, double from_s, struct rog_error *err)
{
    struct rog_events *events = serve->options->events;
    char text[128];
    double now_s = rog_serve_time(serve), lost_s = now_s - from_s;
    int used =
        snprintf(text, sizeof text,
                 "the server was restarted and resumes from its state saved at %.1f s", from_s);
    lost_s = lost_s < LOST_S ? 0 : lost_s;
    if (lost_s > 0)
        snprintf(text + used, sizeof text - (size_t)used, ": %.1f s of the run were lost", lost_s);
    rog_event_begin(events, ROG_EVENT_RESUME, now_s, 0);
    rog_event_string(events, "message", text);
    rog_event_integer(events, "iteration", rog_server_iteration(serve->core));
    rog_event_seconds(events, "lost_s", lost_s);
    rog_event_json(events, "waits_for", list_awaited(serve));
    return rog_event_end(events, err);
}

/* Resumes from the newest save; workers join as they connect. Work done since then is lost. If time
 * was paused, it stays paused until the first worker has joined: the programs of the workers still
 * have to be started. */
static int resume(struct rog_serve *serve, struct rog_error *err)
{
    struct rog_moment from;
    int code = rog_checkpointer_restore(serve->checkpointer, &from, err);
    if (code)
        return code;
    serve->started = true;
    serve->origin = from.origin;
    serve->held = from.paused;
    serve->held_s = from.t_s;
    serve->idle_s = serve->few_s = rog_link_now();
    return serve->held ? ROG_OK : report_resume(serve, from.t_s, err);
}

int rog_serve_continue_time(struct rog_serve *serve, struct rog_error *err)
{
    if (!serve->held)
        return ROG_OK;
    start_clock(serve);
    serve->origin.steady_s -= serve->held_s;
    serve->origin.wall_s -= serve->held_s;
    serve->held = false;
    int code = rog_checkpointer_go_on(serve->checkpointer, &serve->origin, err);
    return code ? code : report_resume(serve, serve->held_s, err);
}

/* For a server whose workers provide the model. */
static int open_upload(struct rog_serve *serve, struct rog_error *err)
{
    const struct rog_serve_options *options = serve->options;
    int code = rog_model_upload_new(&serve->upload, options->workers, options->out_dir,
                                    &rog_serve_upload_hooks, serve, err);
    if (code || !serve->model.rows)
        return code;
    return rog_model_upload_own(serve->upload, options->layout, options->owner, &serve->model, err);
}

static void checkpoint_failed(void *owner, int code, const struct rog_error *err)
{
    rog_serve_fail(owner, code, err);
}

static const char *state_kind(void *owner)
{
    const struct rog_serve *serve = owner;
    return rog_server_optimizer_name(serve->core);
}

static size_t state_bytes(void *owner)
{
    const struct rog_serve *serve = owner;
    return rog_server_state_bytes(serve->core);
}

static void save_state(void *owner, uint8_t *bytes)
{
    const struct rog_serve *serve = owner;
    rog_server_save(serve->core, bytes);
}

static int load_state(void *owner, const uint8_t *bytes, size_t size, struct rog_error *err)
{
    const struct rog_serve *serve = owner;
    return rog_server_load(serve->core, bytes, size, err);
}

static const float *saved_change(void *owner)
{
    const struct rog_serve *serve = owner;
    return rog_server_saved_change(serve->core);
}

static const struct rog_state_hooks state_hooks = {.kind = state_kind,
                                                   .bytes = state_bytes,
                                                   .save = save_state,
                                                   .load = load_state,
                                                   .workers = list_workers,
                                                   .go_on = go_on};

static int prepare(struct rog_serve *serve, struct rog_error *err)
{
    const struct rog_serve_options *options = serve->options;
    const struct rog_checkpointer_config saving = {
        .loop = &serve->loop,
        .folder = options->out_dir,
        .state_period_s = options->state_period_s,
        .model = &serve->model,
        .events = options->events,
        .hooks = &serve->hooks->checkpoints,
        .user = serve->user,
        .change = saved_change,
        .failed = checkpoint_failed,
        .state = &state_hooks,
        .owner = serve,
    };
    int code = ROG_OK;
    if (options->upload)
        code = open_upload(serve, err);
    if (!code)
        code = rog_checkpointer_new(&serve->checkpointer, &saving, err);
    if (code)
        return code;
    serve->peers = calloc(options->workers, sizeof *serve->peers);
    serve->away = calloc(options->workers, sizeof *serve->away);
    serve->message = malloc(ROG_LINK_BODY_MAX);
    if (!serve->peers || !serve->away || !serve->message)
        return rog_fail_nomem(err);
    code = open_loop(serve, err);
    for (uint32_t i = 0; i < options->workers && !code; i++)
        code = rog_serve_peer_init(&serve->peers[i], serve, i, err);
    return code;
}

/* Allocates the message buffer; messages may be longer than frames. */
static int make_room(struct rog_serve *serve, struct rog_error *err)
{
    size_t bytes = rog_link_message_bytes(serve->model.rows);
    uint8_t *message = realloc(serve->message, bytes);
    if (!message)
        return rog_fail_nomem(err);
    serve->message = message;
    for (uint32_t i = 0; i < serve->options->workers; i++)
        rog_link_take_up_to(serve->peers[i].link, bytes);
    return ROG_OK;
}

int rog_serve_make_core(struct rog_serve *serve, struct rog_error *err)
{
    const struct rog_serve_options *options = serve->options;
    const struct rog_server_config core = {
        .rows = serve->model.rows,
        .strategy = options->strategy,
        .policy = {.rows = serve->model.rows->row_count,
                   .workers = options->workers,
                   .threshold = options->threshold,
                   .parameters = options->parameters,
                   .seed = options->seed},
        .optimizer = options->optimizer,
        .optimizer_parameters = options->optimizer_parameters,
        .average = options->average,
    };
    int code = make_room(serve, err);
    return code ? code : rog_server_new(&serve->core, &core, serve->model.params, err);
}

static int run(struct rog_serve *serve, struct rog_error *err)
{
    int code = ROG_OK;
    if (serve->options->resume && serve->upload && !rog_model_upload_known(serve->upload))
        code = rog_model_upload_restore(serve->upload, err);
    if (!code && serve->model.rows)
        code = rog_serve_make_core(serve, err);
    if (!code && serve->options->resume)
        code = resume(serve, err);
    if (!code)
        code = listen_on(serve, err);
    if (code)
        return code;
    serve->opened_s = rog_link_now();
    uv_run(&serve->loop, UV_RUN_DEFAULT);
    if (serve->code)
        *err = serve->err;
    return serve->code;
}

static int save_last(struct rog_serve *serve, double seconds, int code, struct rog_error *err)
{
    struct rog_error last;
    rog_server_end(serve->core);
    int saved = rog_checkpointer_last(serve->checkpointer, &serve->origin, seconds,
                                      rog_server_iteration(serve->core), &last);
    if (!code && saved)
        *err = last;
    return code ? code : saved;
}

/* Returns the run's time of its end, s. */
static double end_s(const struct rog_serve *serve)
{
    return serve->ending ? serve->seconds : rog_serve_time(serve);
}

/* Writes the last checkpoint and the event "end", or the error. */
static int finish(struct rog_serve *serve, int code, struct rog_error *err)
{
    double seconds = end_s(serve);
    if (serve->loop_made && code && code != ROG_EINTR) {
        end(serve, err->message);
        uv_run(&serve->loop, UV_RUN_DEFAULT);
    }
    serve->over = true;
    while (serve->checkpointer && rog_checkpointer_busy(serve->checkpointer))
        uv_run(&serve->loop, UV_RUN_ONCE);
    if (serve->started && (!code || code == ROG_EINTR || serve->gave_up))
        code = save_last(serve, end_s(serve), code, err);
    if (!code) {
        const struct rog_serve_outcome outcome = {
            .seconds = seconds,
            .iterations = rog_server_iteration(serve->core),
            .away = serve->away,
            .away_count = serve->away_count,
        };
        code = serve->hooks->end(serve->user, &outcome, err);
    }
    if (code)
        rog_event_error(serve->options->events, seconds, -1, err->message);
    return code;
}

int rog_serve(const struct rog_serve_options *options, const struct rog_serve_hooks *hooks,
              void *user, struct rog_error *err)
{
    struct rog_serve *serve = calloc(1, sizeof *serve);
    struct rog_error cause = {0};
    if (!serve)
        return rog_fail_nomem(err);
    serve->options = options;
    serve->hooks = hooks;
    serve->user = user;
    serve->model = options->model;
    int code = prepare(serve, &cause);
    if (!code)
        code = run(serve, &cause);
    code = finish(serve, code, &cause);
    close_loop(serve);
    rog_server_free(serve->core);
    rog_model_upload_free(serve->upload);
    rog_checkpointer_free(serve->checkpointer);
    free(serve->message);
    free(serve->peers);
    free(serve->away);
    free(serve);
    return code ? rog_fail_again(err, &cause) : ROG_OK;
}
