/* SPDX-License-Identifier: Apache-2.0 */
#include <librog/net/serve_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librog/net/bytes.h>
#include <rog/events.h>

/* A connection on which nothing comes for so long is given up; the peer will make another. */
#define SILENT_S 5.0
/* Another process cannot take the place of a worker that was heard so recently. */
#define TAKEN_S 3.0

static int64_t rank_of(const struct rog_serve_peer *peer)
{
    return (int64_t)peer->worker + 1;
}

/* ---- coming and going ---- */

static void report_join(struct rog_serve_peer *peer, bool again, uint32_t iteration)
{
    struct rog_serve *serve = peer->serve;
    rog_event_begin(serve->events, ROG_EVENT_JOIN, rog_serve_time(serve), rank_of(peer));
    if (again)
        rog_event_integer(serve->events, "iteration", iteration);
    struct rog_error err;
    rog_serve_check(serve, rog_event_end(serve->events, &err), &err);
}

void rog_serve_peer_leave(struct rog_serve_peer *peer, const char *reason)
{
    struct rog_serve *serve = peer->serve;
    struct rog_error err;
    if (!peer->here)
        return;
    peer->here = false;
    serve->idle_s = rog_link_now();
    rog_event_begin(serve->events, ROG_EVENT_LEAVE, rog_serve_time(serve), rank_of(peer));
    rog_event_string(serve->events, "reason", reason);
    rog_serve_check(serve, rog_event_end(serve->events, &err), &err);
    rog_server_leave(serve->core, peer->worker, rog_serve_time(serve));
    rog_serve_notices(serve);
}

/* The same for one that may come back, as a new one. */
static void lose(struct rog_serve_peer *peer, const char *reason)
{
    struct rog_error err;
    peer->session[0] = '\0';
    rog_model_upload_forget(peer);
    rog_serve_check(peer->serve, rog_link_restart(peer->link, &err), &err);
    rog_serve_peer_leave(peer, reason);
}

void rog_serve_peer_watch(struct rog_serve_peer *peer, double now)
{
    struct rog_serve *serve = peer->serve;
    double silent_s = now - rog_link_heard_s(peer->link);
    if (rog_link_up(peer->link) && silent_s > SILENT_S) {
        rog_link_detach(peer->link);
        peer->lost_s = now;
        rog_serve_warn(serve, peer->worker, "no sign of life for %.1f s", silent_s);
    }
    if (!peer->here || silent_s <= serve->options->worker_timeout_s)
        return;
    char reason[80];
    snprintf(reason, sizeof reason, "not heard of for %.1f s", silent_s);
    lose(peer, reason);
}

int rog_serve_peer_go(struct rog_serve_peer *peer, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    const struct rog_run_worker *worker = &serve->train.config->workers[peer->worker];
    peer->here = true;
    report_join(peer, false, 0);
    const uint8_t model_follows = 1;
    bool differs = rog_model_upload_differs(peer);
    if (differs)
        peer->model_at = 0;
    int code = rog_link_put(peer->link, ROG_KIND_GO, differs ? &model_follows : NULL, differs, err);
    if (peer->trace)
        rog_link_pace(peer->link, peer->trace, worker->trace_offset - serve->origin_s);
    return code;
}

/* A worker with nothing: it gets the model as it is now. */
static int join(struct rog_serve_peer *peer, uint32_t *iteration, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    const struct rog_run_worker *worker = &serve->train.config->workers[peer->worker];
    rog_serve_peer_leave(peer, "another process came in its place");
    int code = rog_server_join(serve->core, peer->worker, rog_serve_time(serve), iteration, err);
    if (code)
        return code;
    peer->here = true;
    peer->model_at = 0;
    peer->stall_reported = false;
    if (peer->trace)
        rog_link_pace(peer->link, peer->trace, worker->trace_offset - serve->origin_s);
    report_join(peer, true, *iteration);
    return ROG_OK;
}

static void report_return(struct rog_serve_peer *peer)
{
    if (peer->lost_s <= 0 || !peer->here)
        return;
    rog_serve_warn(peer->serve, peer->worker, "back after %.1f s, goes on where it was",
                   rog_link_now() - peer->lost_s);
    peer->lost_s = 0;
}

int rog_serve_peer_enter(struct rog_serve_peer *peer, struct rog_conn *conn,
                         const struct rog_json *hello, const char **refusal, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    const char *session = rog_json_get_string(hello, "session", ""), *mode = "resume";
    bool same = strcmp(session, peer->session) == 0;
    int64_t received = rog_json_get_integer(hello, "received", 0);
    uint32_t iteration = 0;
    int code = ROG_OK;
    if (!same && peer->finished)
        *refusal = "this worker has made its last iteration";
    else if (!same && rog_link_up(peer->link) &&
             rog_link_now() - rog_link_heard_s(peer->link) < TAKEN_S)
        *refusal = "another process is at work under this rank";
    else if (serve->ending && !same)
        *refusal = "the run is over";
    if (*refusal)
        return ROG_OK;
    if (!same) {
        mode = serve->started ? "join" : "start";
        received = 0;
        peer->session[0] = '\0';
        rog_model_upload_forget(peer);
        snprintf(peer->model_sha256, sizeof peer->model_sha256, "%s",
                 rog_json_get_string(hello, "model_sha256", ""));
        code = rog_link_restart(peer->link, err);
        if (!code && serve->started)
            code = join(peer, &iteration, err);
        snprintf(peer->session, sizeof peer->session, "%s", session);
        peer->lost_s = 0;
    }
    if (code) {
        rog_serve_fail(serve, code, err);
        return code;
    }
    struct rog_json *welcome = rog_json_object();
    rog_json_put_string(welcome, "mode", mode);
    rog_json_put_integer(welcome, "received", (int64_t)rog_link_received(peer->link));
    rog_json_put_number(welcome, "t", serve->started ? rog_serve_time(serve) : -1);
    rog_json_put_integer(welcome, "iteration", iteration);
    char *text = rog_json_text(welcome);
    rog_json_free(welcome);
    code = text ? rog_link_attach(peer->link, conn, (uint64_t)received, text, err)
                : rog_fail_nomem(err);
    free(text);
    if (!code && same)
        report_return(peer);
    return code;
}

/* ---- hooks of the link ---- */

static int take_core(struct rog_serve_peer *peer, const uint8_t *body, size_t size,
                     struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    if (!peer->here)
        return ROG_OK; /* demanded rows that came after its last iteration */
    int code =
        rog_server_receive(serve->core, peer->worker, body, size, rog_serve_time(serve), err);
    if (code == ROG_EFORMAT) {
        struct rog_error why = *err;
        lose(peer, why.message);
    } else if (code) {
        rog_serve_fail(serve, code, err);
    } else {
        rog_serve_notices(serve);
    }
    return code;
}

static int message(void *user, uint8_t kind, const uint8_t *body, size_t size,
                   struct rog_error *err)
{
    struct rog_serve_peer *peer = user;
    char reason[200];
    switch (kind) {
    case ROG_KIND_CORE:
        return take_core(peer, body, size, err);
    case ROG_KIND_PAD:
        return ROG_OK;
    case ROG_KIND_LAYOUT:
        return rog_model_upload_layout(peer, body, size, err);
    case ROG_KIND_MODEL:
        return rog_model_upload_values(peer, body, size, err);
    case ROG_KIND_DONE:
        peer->finished = true;
        rog_serve_peer_leave(peer, "finished");
        return ROG_OK;
    case ROG_KIND_LEAVE:
        snprintf(reason, sizeof reason, "%.*s", (int)(size < 199 ? size : 199), (const char *)body);
        lose(peer, reason);
        return ROG_OK;
    default:
        return rog_fail(err, ROG_EFORMAT, "worker %lld sent a message of unknown kind %u",
                        (long long)rank_of(peer), kind);
    }
}

/* The next piece of the model that a worker that has joined is given: what is trained, then the
 * constants. */
static int put_model(struct rog_serve_peer *peer, size_t bytes, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    const struct rog_train *train = &serve->train;
    const float *model = rog_server_held_model(serve->core, peer->worker);
    uint64_t params = train->rows->params;
    uint64_t values = model ? params + train->arch->buffers : 0, left = values - peer->model_at;
    uint64_t count = (bytes - ROG_KIND_PIECE_BYTES) / sizeof(float);
    count = count < left ? count : left;
    rog_put_u64(serve->message, values);
    rog_put_u64(serve->message + 8, peer->model_at);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = peer->model_at + i;
        uint32_t bits;
        memcpy(&bits, at < params ? &model[at] : &train->buffers[at - params], sizeof bits);
        rog_put_u32(serve->message + ROG_KIND_PIECE_BYTES + 4 * i, bits);
    }
    peer->model_at += count;
    if (peer->model_at == values)
        peer->model_at = UINT64_MAX;
    return rog_link_put(peer->link, ROG_KIND_MODEL, serve->message,
                        ROG_KIND_PIECE_BYTES + 4 * (size_t)count, err);
}

static int put_core(struct rog_serve_peer *peer, size_t bytes, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    const struct rog_train *train = &serve->train;
    size_t size, room = rog_link_core_bytes(train->rows, train->wire_scale, bytes);
    int code = rog_server_send(serve->core, peer->worker, rog_serve_time(serve), serve->message,
                               room, &size, err);
    if (!code && size > 0)
        code = rog_link_put_core(peer->link, train->rows, serve->message, size, train->wire_scale,
                                 bytes, err);
    return code;
}

static void produce(void *user, size_t bytes)
{
    struct rog_serve_peer *peer = user;
    struct rog_error err;
    if (!peer->here || (peer->serve->upload.wanted && !peer->layout_known))
        return;
    int code =
        peer->model_at != UINT64_MAX ? put_model(peer, bytes, &err) : put_core(peer, bytes, &err);
    rog_serve_check(peer->serve, code, &err);
}

static void down(void *user, const struct rog_error *why)
{
    struct rog_serve_peer *peer = user;
    peer->lost_s = rog_link_now();
    if (peer->here && !peer->serve->ending)
        rog_serve_warn(peer->serve, peer->worker, "connection lost: %s", why->message);
}

static const struct rog_link_hooks hooks = {message, produce, down};

int rog_serve_peer_init(struct rog_serve_peer *peer, struct rog_serve *serve, uint32_t worker,
                        struct rog_error *err)
{
    const struct rog_run_config *config = serve->train.config;
    *peer = (struct rog_serve_peer){.serve = serve, .worker = worker, .model_at = UINT64_MAX};
    int code = ROG_OK;
    if (serve->options->pace)
        code = rog_trace_open(&peer->trace, config->workers[worker].trace, worker + 1, config->seed,
                              err);
    return code ? code : rog_link_new(&peer->link, &serve->loop, &hooks, peer, err);
}

void rog_serve_peer_release(struct rog_serve_peer *peer)
{
    rog_link_free(peer->link);
    rog_trace_free(peer->trace);
    peer->link = NULL;
    peer->trace = NULL;
}

/* ---- what the core says ---- */

static void stalled(struct rog_serve *serve, const struct rog_server_notice *notice)
{
    struct rog_serve_peer *peer = &serve->peers[notice->worker];
    struct rog_json *blocker = rog_json_object(), *blockers = rog_json_array();
    rog_json_put_integer(blocker, "rank", (int64_t)notice->blocker + 1);
    rog_json_put_integer(blocker, "version", notice->needed);
    rog_json_append(blockers, blocker);
    rog_event_begin(serve->events, ROG_EVENT_STALL_BEGIN, notice->now, rank_of(peer));
    rog_event_integer(serve->events, "iteration", notice->iteration);
    rog_event_json(serve->events, "waits_for", blockers);
    peer->stall_reported = true;
}

static int admitted(struct rog_serve *serve, const struct rog_server_notice *notice,
                    struct rog_error *err)
{
    struct rog_serve_peer *peer = &serve->peers[notice->worker];
    double stall_s = notice->now - peer->pushed_s;
    if (peer->stall_reported) {
        peer->stall_reported = false;
        rog_event_begin(serve->events, ROG_EVENT_STALL_END, notice->now, rank_of(peer));
        rog_event_integer(serve->events, "iteration", notice->iteration);
        rog_event_seconds(serve->events, "stall_s", stall_s);
        int code = rog_event_end(serve->events, err);
        if (code)
            return code;
    }
    uint8_t body[16];
    uint64_t bits;
    memcpy(&bits, &stall_s, sizeof bits);
    rog_put_u32(body, notice->iteration);
    rog_put_u32(body + 4, rog_server_iteration(serve->core));
    rog_put_u64(body + 8, bits);
    int code = rog_link_put(peer->link, ROG_KIND_ADMITTED, body, sizeof body, err);
    rog_event_begin(serve->events, ROG_EVENT_ADMIT, notice->now, rank_of(peer));
    rog_event_integer(serve->events, "iteration", notice->iteration);
    rog_event_integer(serve->events, "oldest", notice->oldest);
    rog_event_integer(serve->events, "needed", notice->needed);
    return code;
}

static void demanded(struct rog_serve *serve, const struct rog_server_notice *notice)
{
    struct rog_serve_peer *peer = &serve->peers[notice->worker];
    rog_event_begin(serve->events, ROG_EVENT_MUST_UPDATE, notice->now, rank_of(peer));
    rog_event_integer(serve->events, "rows", notice->rows);
    rog_event_integer(serve->events, "version", notice->version);
}

void rog_serve_notices(struct rog_serve *serve)
{
    struct rog_server_notice notice;
    struct rog_error err;
    int code = ROG_OK;
    while (!code && rog_server_notice(serve->core, &notice)) {
        struct rog_serve_peer *peer = &serve->peers[notice.worker];
        switch (notice.kind) {
        case ROG_SERVER_PUSH_BEGUN:
        case ROG_SERVER_PULL_SENT:
            continue;
        case ROG_SERVER_PUSHED:
            peer->pushed_s = notice.now;
            continue;
        case ROG_SERVER_STALLED:
            stalled(serve, &notice);
            break;
        case ROG_SERVER_ADMITTED:
            code = admitted(serve, &notice, &err);
            break;
        case ROG_SERVER_DEMANDED:
            demanded(serve, &notice);
            break;
        }
        if (!code)
            code = rog_event_end(serve->events, &err);
        rog_link_wake(peer->link);
    }
    rog_serve_check(serve, code, &err);
}
