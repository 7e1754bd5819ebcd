/* SPDX-License-Identifier: Apache-2.0 */
#include <librog/net/serve_state.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <rog/events.h>

#define TICK_MS 50
/* How long the workers have to take note of the end. */
#define END_S 5.0
#define BACKLOG 1024

double rog_serve_time(const struct rog_serve *serve)
{
    return serve->started ? rog_link_now() - serve->origin_s : 0;
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
    rog_event_begin(serve->events, ROG_EVENT_WARNING, rog_serve_time(serve), (int64_t)worker + 1);
    rog_event_string(serve->events, "message", text);
    rog_serve_check(serve, rog_event_end(serve->events, &err), &err);
}

/* ---- the run ---- */

static void start_clock(struct rog_serve *serve)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    serve->origin_wall_s = (double)wall.tv_sec + 1e-9 * (double)wall.tv_nsec;
    serve->origin_s = serve->idle_s = rog_link_now();
    serve->started = true;
}

static int begin(struct rog_serve *serve, struct rog_error *err)
{
    int code = rog_train_report_start(&serve->train, serve->events, err);
    start_clock(serve);
    if (!code)
        rog_serve_save_if_due(serve);
    for (uint32_t i = 0; i < serve->workers && !code; i++)
        code = rog_serve_peer_go(&serve->peers[i], err);
    return code;
}

static bool everybody_came(const struct rog_serve *serve)
{
    for (uint32_t i = 0; i < serve->workers; i++)
        if (!rog_link_up(serve->peers[i].link))
            return false;
    return true;
}

/* A model that is learned comes before the run begins. */
static bool model_there(const struct rog_serve *serve)
{
    bool there = !serve->upload.wanted || serve->upload.known;
    for (uint32_t i = 0; i < serve->workers && serve->upload.wanted; i++)
        there = there && serve->peers[i].layout_known;
    return there;
}

void rog_serve_end(struct rog_serve *serve, const char *reason)
{
    struct rog_error err;
    size_t size = reason ? strlen(reason) : 0;
    if (serve->ending)
        return;
    serve->ending = true;
    serve->ending_s = rog_link_now();
    serve->seconds = rog_serve_time(serve);
    for (uint32_t i = 0; i < serve->workers; i++) {
        struct rog_serve_peer *peer = &serve->peers[i];
        peer->here = false;
        if (peer->session[0])
            rog_serve_check(
                serve, rog_link_put(peer->link, ROG_KIND_END, (const uint8_t *)reason, size, &err),
                &err);
    }
}

static void wait_for_workers(struct rog_serve *serve, double now)
{
    struct rog_error err;
    char missing[256] = "";
    bool everybody = everybody_came(serve);
    if (everybody && !model_there(serve))
        return;
    if (everybody) {
        rog_serve_check(serve, begin(serve, &err), &err);
        return;
    }
    if (now - serve->opened_s <= serve->options->join_timeout_s)
        return;
    for (uint32_t i = 0; i < serve->workers; i++) {
        size_t used = strlen(missing);
        if (!rog_link_up(serve->peers[i].link))
            snprintf(missing + used, sizeof missing - used, "%s%u", used ? ", " : "", i + 1);
    }
    rog_fail(&err, ROG_EFAILED,
             "of %u workers these did not come within %g s: %s; look at their logs, and whether "
             "they reach this address",
             serve->workers, serve->options->join_timeout_s, missing);
    rog_serve_fail(serve, ROG_EFAILED, &err);
}

/* Nobody is here: they are through, or lost. */
static void watch_idle(struct rog_serve *serve, double now)
{
    uint32_t here = 0, finished = 0;
    struct rog_error err;
    for (uint32_t i = 0; i < serve->workers; i++) {
        here += serve->peers[i].here;
        finished += serve->peers[i].finished;
    }
    if (finished == serve->workers) {
        rog_serve_end(serve, NULL);
        return;
    }
    double idle_s = here ? 0 : now - serve->idle_s;
    if (finished > 0 && idle_s > serve->options->worker_timeout_s) {
        rog_serve_end(serve, NULL);
    } else if (idle_s > serve->options->join_timeout_s) {
        rog_fail(&err, ROG_EFAILED, "no worker has been there for %.0f s", idle_s);
        rog_serve_fail(serve, ROG_EFAILED, &err);
    }
}

static void watch_end(struct rog_serve *serve, double now)
{
    bool settled = true;
    for (uint32_t i = 0; i < serve->workers; i++)
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
    rog_serve_watch_pending(serve);
    if (serve->ending) {
        watch_end(serve, now);
    } else if (!serve->started) {
        wait_for_workers(serve, now);
    } else {
        double seconds = serve->train.config->seconds;
        for (uint32_t i = 0; i < serve->workers; i++)
            rog_serve_peer_watch(&serve->peers[i], now);
        rog_serve_save_if_due(serve);
        if (seconds > 0 && rog_serve_time(serve) >= seconds)
            rog_serve_end(serve, NULL);
        else
            watch_idle(serve, now);
    }
    rog_serve_check(serve, rog_events_flush(serve->events, &err), &err);
}

static void signalled(uv_signal_t *signal, int number)
{
    struct rog_serve *serve = signal->data;
    struct rog_error err;
    rog_fail(&err, ROG_EINTR, ROG_INTERRUPTED "%s at %.3f s of the run",
             number == SIGINT ? "SIGINT" : "SIGTERM", rog_serve_time(serve));
    rog_serve_fail(serve, ROG_EINTR, &err);
}

/* ---- life ---- */

static int listen_on(struct rog_serve *serve, struct rog_error *err)
{
    struct sockaddr_storage address;
    socklen_t bytes;
    int on = 1;
    int code = rog_link_resolve(serve->options->listen, true, &address, &bytes, err);
    if (code)
        return code;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&address, bytes) || listen(fd, BACKLOG) ||
        getsockname(fd, (struct sockaddr *)&address, &bytes))
        code = rog_fail(err, ROG_EIO, "cannot listen on %s: %s", serve->options->listen,
                        strerror(errno));
    serve->listen_fd = fd;
    if (!code && uv_poll_init(&serve->loop, &serve->listener, fd))
        code = rog_fail(err, ROG_EIO, "cannot watch %s", serve->options->listen);
    if (code)
        return code;
    serve->listening = true;
    serve->listener.data = serve;
    uv_poll_start(&serve->listener, UV_READABLE, rog_serve_accept);
    if (!serve->options->port_file)
        return ROG_OK;
    char port[16];
    /* IPv4 and IPv6 addresses have the port in the same place. */
    snprintf(port, sizeof port, "%u\n", ntohs(((struct sockaddr_in *)&address)->sin_port));
    return rog_file_write(serve->options->port_file, port, strlen(port), err);
}

static int open_loop(struct rog_serve *serve, struct rog_error *err)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    if (uv_loop_init(&serve->loop))
        return rog_fail(err, ROG_EIO, "cannot make an event loop");
    serve->loop_made = true;
    uv_timer_init(&serve->loop, &serve->tick);
    serve->tick.data = serve;
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
    rog_serve_close_pending(serve);
    for (uint32_t i = 0; serve->peers && i < serve->workers; i++)
        rog_serve_peer_release(&serve->peers[i]);
    uv_close((uv_handle_t *)&serve->tick, NULL);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&serve->signals[i], NULL);
    if (serve->listening)
        uv_close((uv_handle_t *)&serve->listener, NULL);
    uv_run(&serve->loop, UV_RUN_DEFAULT);
    uv_loop_close(&serve->loop);
}

static int open_events(struct rog_serve *serve, struct rog_error *err)
{
    int code = rog_dir_make(serve->options->out_dir, err);
    char *path = code ? NULL : rog_path_join(serve->options->out_dir, "events.jsonl");
    if (!code && !path)
        code = rog_fail_nomem(err);
    if (!code)
        code = (serve->options->resume ? rog_events_resume : rog_events_open)(&serve->events, path,
                                                                              err);
    free(path);
    return code;
}

/* Goes on from the last checkpoint; workers join as they come. */
static int resume(struct rog_serve *serve, struct rog_error *err)
{
    uint32_t iteration;
    int code = rog_serve_restore(serve, &iteration, err);
    if (code)
        return code;
    rog_server_resume(serve->core, iteration);
    serve->started = true;
    serve->idle_s = rog_link_now();
    rog_event_begin(serve->events, ROG_EVENT_WARNING, rog_serve_time(serve), 0);
    rog_event_string(serve->events, "message", "the server goes on from its last checkpoint");
    rog_event_integer(serve->events, "iteration", iteration);
    return rog_event_end(serve->events, err);
}

static int make_hello(struct rog_serve *serve, struct rog_error *err)
{
    const struct rog_train *train = &serve->train;
    const struct rog_run_config *config = train->config;
    char model[ROG_SHA256_HEX_BYTES] = "none";
    struct rog_hello hello = {
        .strategy = train->plugin.strategy,
        .threshold = train->threshold,
        .workers = config->worker_count,
        .workload = config->workload,
        .compression = config->compression,
        .seed = config->seed,
    };
    if (serve->upload.wanted)
        return rog_hello_make(&hello, &serve->hello, err);
    hello.wire_model = config->wire_model;
    hello.data_sha256 = train->learner ? rog_learner_data_sha256(train->learner) : "none";
    hello.model_sha256 = model;
    int code = train->params ? rog_train_model_sha256(train, model, err) : ROG_OK;
    return code ? code : rog_hello_make(&hello, &serve->hello, err);
}

static int prepare(struct rog_serve *serve, const struct rog_run_config *config,
                   struct rog_error *err)
{
    struct rog_train *train = &serve->train;
    int code = rog_train_init(train, config, serve->options->start_model, err);
    serve->upload.wanted = rog_train_is_program(config);
    if (!code && train->rows)
        code = rog_link_check_rows(train->rows, err);
    if (!code && train->rows && serve->upload.wanted)
        code = rog_model_upload_own(serve, err);
    if (!code)
        code = make_hello(serve, err);
    if (code)
        return code;
    serve->workers = config->worker_count;
    serve->peers = calloc(serve->workers, sizeof *serve->peers);
    serve->message = malloc(ROG_LINK_BODY_MAX);
    if (!serve->peers || !serve->message)
        return rog_fail_nomem(err);
    rog_schedule_init(&serve->save.schedule, config->checkpoint_period, config->checkpoint_count,
                      config->checkpoint_growth);
    code = open_loop(serve, err);
    for (uint32_t i = 0; i < serve->workers && !code; i++)
        code = rog_serve_peer_init(&serve->peers[i], serve, i, err);
    return code;
}

int rog_serve_make_core(struct rog_serve *serve, struct rog_error *err)
{
    const struct rog_train *train = &serve->train;
    const struct rog_server_config core = {
        .rows = train->rows,
        .strategy = train->plugin.strategy,
        .policy = {train->rows->row_count, serve->workers, train->threshold},
    };
    return rog_server_new(&serve->core, &core, train->params, err);
}

static int run(struct rog_serve *serve, struct rog_error *err)
{
    int code = ROG_OK;
    if (serve->upload.wanted && !serve->upload.known && serve->options->resume)
        code = rog_model_upload_restore(serve, err);
    if (!code && serve->train.rows)
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

/* The last word: a checkpoint and "end", or what went wrong. */
static int finish(struct rog_serve *serve, int code, struct rog_error *err)
{
    double seconds = serve->ending ? serve->seconds : rog_serve_time(serve);
    if (serve->loop_made && code && code != ROG_EINTR) {
        rog_serve_end(serve, err->message);
        uv_run(&serve->loop, UV_RUN_DEFAULT);
    }
    serve->over = true;
    while (serve->save.running)
        uv_run(&serve->loop, UV_RUN_ONCE);
    if (serve->started && (!code || code == ROG_EINTR)) {
        struct rog_error last;
        int saved = rog_serve_save_last(serve, &last);
        if (!code && saved)
            *err = last;
        code = code ? code : saved;
    }
    if (!code)
        code = rog_train_report_end(&serve->train, serve->events, seconds,
                                    rog_server_iteration(serve->core), err);
    if (code)
        rog_train_report_error(serve->events, seconds, err->message);
    return code;
}

int rog_serve(const struct rog_run_config *config, const struct rog_serve_options *options,
              struct rog_error *err)
{
    struct rog_serve *serve = calloc(1, sizeof *serve);
    struct rog_error cause = {0}, last = {0};
    if (!serve)
        return rog_fail_nomem(err);
    serve->options = options;
    serve->listen_fd = -1;
    int code = open_events(serve, &cause);
    if (!code)
        code = prepare(serve, config, &cause);
    if (!code)
        code = run(serve, &cause);
    if (serve->events)
        code = finish(serve, code, &cause);
    close_loop(serve);
    if (rog_events_close(serve->events, &last) && !code) {
        code = last.code;
        cause = last;
    }
    if (serve->listen_fd >= 0)
        close(serve->listen_fd);
    rog_server_free(serve->core);
    rog_model_upload_release(serve);
    rog_json_free(serve->hello);
    rog_train_release(&serve->train);
    free(serve->save.params);
    free(serve->message);
    free(serve->peers);
    free(serve);
    if (code)
        rog_fail(err, code, "%s", cause.message);
    return code;
}
