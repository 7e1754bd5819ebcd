/* SPDX-License-Identifier: Apache-2.0 */

/* The workers of a server: joining, messages, leaving; and notices of the core for them. */

#include <librog/net/serve_state.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <librog/events/notices.h>
#include <librog/net/bytes.h>
#include <librog/net/pieces.h>
#include <librog/sync/server_update.h>
#include <rog/events.h>

/* Another process cannot replace a worker from which data were received within this time, s */
#define TAKEN_S 3.0

static int64_t rank_of(const struct rog_serve_peer *peer)
{
    return (int64_t)peer->worker + 1;
}

/* ---- joining and leaving ---- */

static void report_join(struct rog_serve_peer *peer, bool again, uint32_t iteration)
{
    struct rog_serve *serve = peer->serve;
    rog_event_begin(serve->options->events, ROG_EVENT_JOIN, rog_serve_time(serve), rank_of(peer));
    if (again)
        rog_event_integer(serve->options->events, "iteration", iteration);
    struct rog_error err;
    rog_serve_check(serve, rog_event_end(serve->options->events, &err), &err);
}

/* Drops a worker: it is no longer waited for. */
static void leave(struct rog_serve_peer *peer, const char *reason)
{
    struct rog_serve *serve = peer->serve;
    struct rog_error err;
    if (!peer->here)
        return;
    peer->here = false;
    peer->expected_s = 0;
    peer->left_s = rog_serve_time(serve);
    serve->idle_s = rog_link_now();
    rog_event_begin(serve->options->events, ROG_EVENT_LEAVE, rog_serve_time(serve), rank_of(peer));
    rog_event_string(serve->options->events, "reason", reason);
    rog_serve_check(serve, rog_event_end(serve->options->events, &err), &err);
    rog_server_leave(serve->core, peer->worker, rog_serve_time(serve));
    rog_serve_check(serve, rog_server_check_strategy(serve->core, &err), &err);
    rog_serve_report(serve);
}

/* A worker has finished. The state is saved soon, because a restarted server can learn this only
 * from the saved state: the worker's process exits. */
static void finish(struct rog_serve_peer *peer)
{
    struct rog_serve *serve = peer->serve;
    uint32_t last = rog_server_goes_on_after(serve->core, peer->worker);
    uint32_t most = rog_server_iteration(serve->core);
    peer->finished = true;
    peer->last = last < most ? last : most;
    leave(peer, "finished");
    rog_checkpointer_hasten(serve->checkpointer);
}

/* It may reconnect, with a new session. */
static int forget_session(struct rog_serve_peer *peer, struct rog_error *err)
{
    peer->session[0] = '\0';
    if (peer->serve->upload)
        rog_model_upload_forget(peer->serve->upload, peer->worker);
    return rog_link_restart(peer->link, err);
}

static void lose(struct rog_serve_peer *peer, const char *reason)
{
    struct rog_error err;
    rog_serve_check(peer->serve, forget_session(peer, &err), &err);
    leave(peer, reason);
}

int rog_serve_peer_do_without(struct rog_serve_peer *peer, struct rog_error *err)
{
    int code = forget_session(peer, err);
    rog_server_leave(peer->serve->core, peer->worker, 0);
    return code;
}

void rog_serve_peer_watch(struct rog_serve_peer *peer, double now)
{
    struct rog_serve *serve = peer->serve;
    bool is_expected = peer->expected_s > 0;
    double silent_s = now - (is_expected ? peer->expected_s : rog_link_heard_s(peer->link));
    if (rog_link_up(peer->link) && silent_s > ROG_LINK_SILENT_S) {
        rog_link_detach(peer->link);
        peer->lost_s = now;
        rog_serve_warn(serve, peer->worker, "no message for %.1f s", silent_s);
    }
    if (!peer->here || silent_s <= serve->options->worker_timeout_s)
        return;
    char reason[80];
    snprintf(reason, sizeof reason, "silent for %.1f s", silent_s);
    lose(peer, reason);
}

void rog_serve_peer_expect(struct rog_serve_peer *peer, uint32_t iteration)
{
    peer->here = peer->came = true;
    peer->expected_s = rog_link_now();
    rog_server_expect(peer->serve->core, peer->worker, iteration);
}

/* Paces the link from here on, if it is to be paced. */
static void pace(struct rog_serve_peer *peer)
{
    const struct rog_serve_pace *paces = peer->serve->options->paces;
    if (paces && paces[peer->worker].trace)
        rog_link_pace(peer->link, paces[peer->worker].trace,
                      paces[peer->worker].offset_s - peer->serve->origin.steady_s);
}

int rog_serve_peer_go(struct rog_serve_peer *peer, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    peer->here = true;
    report_join(peer, false, 0);
    const uint8_t model_follows = 1;
    bool differs = serve->upload && rog_model_upload_differs(serve->upload, peer->worker);
    if (differs)
        peer->model_at = 0;
    int code = rog_link_put(peer->link, ROG_KIND_GO, differs ? &model_follows : NULL, differs, err);
    pace(peer);
    return code;
}

/* A worker without state joins: it receives the current model. */
static int join(struct rog_serve_peer *peer, uint32_t *iteration, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    if (peer->expected_s <= 0)
        leave(peer, "replaced by another process of the same rank");
    int code = rog_serve_continue_time(serve, err);
    if (code)
        return code;
    peer->expected_s = 0;
    code = rog_server_join(serve->core, peer->worker, rog_serve_time(serve), iteration, err);
    if (code)
        return code;
    peer->here = true;
    peer->model_at = 0;
    peer->stall_reported = false;
    pace(peer);
    report_join(peer, true, *iteration);
    return ROG_OK;
}

static void report_return(struct rog_serve_peer *peer)
{
    if (peer->lost_s <= 0 || !peer->here)
        return;
    rog_serve_warn(peer->serve, peer->worker, "reconnected after %.1f s, continues where it was",
                   rog_link_now() - peer->lost_s);
    peer->lost_s = 0;
}

/* Returns why a process cannot be accepted now, or NULL if it can. `same`: it has the previous
 * session. */
static const char *rejection(const struct rog_serve_peer *peer, bool same)
{
    if (same)
        return NULL;
    if (peer->finished)
        return "this worker has finished its last iteration";
    if (rog_link_up(peer->link) && rog_link_now() - rog_link_heard_s(peer->link) < TAKEN_S)
        return "another process is connected with this rank";
    return peer->serve->ending ? "the run is over" : NULL;
}

/* Begins a session with a process that has no state of this run. */
static int begin_session(struct rog_serve_peer *peer, const struct rog_json *hello,
                         uint32_t *iteration, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    peer->session[0] = '\0';
    if (serve->upload)
        rog_model_upload_enter(serve->upload, peer->worker,
                               rog_json_get_string(hello, "model_sha256", ""));
    int code = rog_link_restart(peer->link, err);
    if (!code && serve->started)
        code = join(peer, iteration, err);
    snprintf(peer->session, sizeof peer->session, "%s", rog_json_get_string(hello, "session", ""));
    peer->came = true;
    peer->lost_s = 0;
    if (code)
        rog_serve_fail(serve, code, err);
    return code;
}

static char *welcome_text(const struct rog_serve_peer *peer, const char *mode, uint32_t iteration)
{
    const struct rog_serve *serve = peer->serve;
    struct rog_json *welcome = rog_json_object();
    rog_json_put_string(welcome, "mode", mode);
    rog_json_put_integer(welcome, "received", (int64_t)rog_link_received(peer->link));
    rog_json_put_number(welcome, "t", serve->started ? rog_serve_time(serve) : -1);
    rog_json_put_integer(welcome, "iteration", iteration);
    char *text = rog_json_text(welcome);
    rog_json_free(welcome);
    return text;
}

/* Takes over the connection. */
static int enter(struct rog_serve_peer *peer, bool same, struct rog_conn *conn,
                 const struct rog_json *hello, struct rog_error *err)
{
    const char *mode = same ? "resume" : peer->serve->started ? "join" : "start";
    int64_t received = same ? rog_json_get_integer(hello, "received", 0) : 0;
    uint32_t iteration = 0;
    int code = same ? ROG_OK : begin_session(peer, hello, &iteration, err);
    if (code)
        return code;
    char *text = welcome_text(peer, mode, iteration);
    code = text ? rog_link_attach(peer->link, conn, (uint64_t)received, text, err)
                : rog_fail_nomem(err);
    free(text);
    if (!code && same)
        report_return(peer);
    return code;
}

/* A worker has another configuration. This ends a run that has not started, because it would never
 * be complete; later the worker is only rejected. */
static void mismatch(struct rog_serve *serve, uint32_t worker, const struct rog_error *why)
{
    if (serve->started)
        rog_serve_warn(serve, worker, "rejected: %s", why->message);
    else
        rog_serve_fail(serve, ROG_EINVAL, why);
}

static int hello_received(void *user, uint32_t worker, struct rog_conn *conn,
                          const struct rog_json *hello, struct rog_accept_refusal *refusal,
                          struct rog_error *err)
{
    struct rog_serve *serve = user;
    struct rog_serve_peer *peer = &serve->peers[worker];
    bool same = strcmp(rog_json_get_string(hello, "session", ""), peer->session) == 0;
    char who[96];
    struct rog_error why;
    snprintf(who, sizeof who, "worker %u (%s)", worker + 1, rog_conn_peer(conn));
    int code = rog_hello_compare(serve->options->hello, hello, who, &why);
    const char *reason = code ? NULL : rejection(peer, same);
    if (code == ROG_EINVAL) {
        snprintf(refusal->message, sizeof refusal->message, "%s", why.message);
        mismatch(serve, worker, &why);
        return ROG_OK;
    }
    if (code)
        return rog_fail_again(err, &why);
    if (!reason)
        return enter(peer, same, conn, hello, err);
    snprintf(refusal->message, sizeof refusal->message, "%s", reason);
    refusal->again = true;
    return ROG_OK;
}

/* The connection may have come from a worker that is waited for: then the run fails for this
 * reason. */
static void lack(void *user, const struct rog_error *why)
{
    struct rog_serve *serve = user;
    bool waits = false;
    for (uint32_t i = 0; i < serve->options->workers; i++) {
        const struct rog_serve_peer *peer = &serve->peers[i];
        waits |= (peer->here || !serve->started) && !rog_link_up(peer->link);
    }
    if (waits && !serve->ending)
        rog_serve_fail(serve, why->code, why);
}

const struct rog_accept_hooks rog_serve_accept_hooks = {.hello = hello_received, .lack = lack};

/* ---- a model provided by the workers ---- */

/* Checks that the model fits into memory. A few bytes of a layout can request more memory than
 * exists; the kernel would grant it and fail later. */
static int check_memory(const struct rog_serve *serve, const struct rog_layout *layout,
                        struct rog_error *err)
{
    const struct rog_serve_options *options = serve->options;
    const struct rog_server_optimizer *optimizer = options->optimizer;
    uint32_t arrays = optimizer ? rog_server_update_arrays(optimizer) : 0;
    bool in_rounds = optimizer && optimizer->step;
    double needed = rog_layout_server_bytes(layout, options->workers, arrays, in_rounds);
    double there = (double)(options->memory_bytes ? options->memory_bytes : rog_memory_available());
    if (needed <= there)
        return ROG_OK;
    return rog_fail(
        err, ROG_EINVAL,
        "a model of %llu values takes %.0f MB for %u workers, but this server may use only %.0f MB",
        (unsigned long long)(layout->params + layout->constants), ceil(needed / 1e6),
        options->workers, floor(there / 1e6));
}

static int adopt(void *user, const struct rog_layout *layout, struct rog_model *model,
                 struct rog_error *err)
{
    struct rog_serve *serve = user;
    int code = check_memory(serve, layout, err);
    if (!code)
        code = serve->hooks->adopt(serve->user, layout, &serve->model, err);
    *model = serve->model;
    return code;
}

static int ask(void *user, uint32_t worker, struct rog_error *err)
{
    struct rog_serve *serve = user;
    return rog_link_put(serve->peers[worker].link, ROG_KIND_UPLOAD, NULL, 0, err);
}

static void accepted(void *user, uint32_t worker)
{
    struct rog_serve *serve = user;
    rog_link_wake(serve->peers[worker].link);
}

static int complete(void *user, struct rog_error *err)
{
    return rog_serve_make_core(user, err);
}

/* A model cannot be used. This ends a run that has not started, because it would never be complete;
 * later only the worker is rejected. */
static void refuse(void *user, uint32_t worker, int code, const struct rog_error *err)
{
    struct rog_serve *serve = user;
    struct rog_error again;
    if (!serve->started || code != ROG_EINVAL) {
        rog_serve_fail(serve, code, err);
        return;
    }
    rog_serve_warn(serve, worker, "rejected: %s", err->message);
    leave(&serve->peers[worker], "its model differs");
    code = rog_link_put(serve->peers[worker].link, ROG_KIND_END, (const uint8_t *)err->message,
                        strlen(err->message), &again);
    rog_serve_check(serve, code, &again);
}

const struct rog_model_upload_hooks rog_serve_upload_hooks = {
    .adopt = adopt, .ask = ask, .accepted = accepted, .complete = complete, .refuse = refuse};

/* ---- hooks of the link ---- */

static int take_core(struct rog_serve_peer *peer, const uint8_t *body, size_t size,
                     struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    if (!peer->here)
        return ROG_OK; /* demanded rows that arrived after its last iteration */
    int code =
        rog_server_receive(serve->core, peer->worker, body, size, rog_serve_time(serve), err);
    if (code == ROG_EFORMAT) {
        struct rog_error why = *err;
        lose(peer, why.message);
    } else if (code) {
        rog_serve_fail(serve, code, err);
    } else {
        rog_serve_report(serve);
    }
    return code;
}

static int take_upload(struct rog_serve_peer *peer, uint8_t kind, const uint8_t *body, size_t size,
                       struct rog_error *err)
{
    struct rog_model_upload *upload = peer->serve->upload;
    if (peer->serve->code || peer->serve->ending)
        return ROG_OK; /* the rest of a model may still arrive */
    if (!upload)
        return rog_fail(err, ROG_EFORMAT, "a part of a model that was not requested");
    return kind == ROG_KIND_LAYOUT ? rog_model_upload_layout(upload, peer->worker, body, size, err)
                                   : rog_model_upload_values(upload, peer->worker, body, size, err);
}

static int message(void *user, uint8_t kind, const uint8_t *body, size_t size,
                   struct rog_error *err)
{
    struct rog_serve_peer *peer = user;
    char reason[ROG_ERROR_MESSAGE_BYTES];
    const int most = (int)(size < sizeof reason ? size : sizeof reason - 1);
    switch (kind) {
    case ROG_KIND_CORE:
        return take_core(peer, body, size, err);
    case ROG_KIND_PAD:
        return ROG_OK;
    case ROG_KIND_LAYOUT:
    case ROG_KIND_MODEL:
        return take_upload(peer, kind, body, size, err);
    case ROG_KIND_DONE:
        finish(peer);
        return ROG_OK;
    case ROG_KIND_LEAVE:
        snprintf(reason, sizeof reason, "%.*s", most, (const char *)body);
        lose(peer, reason);
        return ROG_OK;
    default:
        return rog_fail(err, ROG_EFORMAT, "worker %lld sent a message of unknown kind %u",
                        (long long)rank_of(peer), kind);
    }
}

/* Sends the next piece of the model to a worker that has joined: trained tensors, then
 * constants. */
static int put_model(struct rog_serve_peer *peer, size_t bytes, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    const struct rog_model *model = &serve->model;
    const float *held = rog_server_held(serve->core, peer->worker);
    const struct rog_span spans[] = {{model->params, model->rows->params, held},
                                     {model->constants, model->constant_count, NULL}};
    uint32_t count = held ? 2 : 0; /* none without values */
    size_t size = rog_pieces_write(spans, count, &peer->model_at, serve->message, bytes);
    if (peer->model_at == rog_pieces_values(spans, count))
        peer->model_at = UINT64_MAX;
    return rog_link_put(peer->link, ROG_KIND_MODEL, serve->message, size, err);
}

static int put_core(struct rog_serve_peer *peer, size_t bytes, struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    const struct rog_model *model = &serve->model;
    size_t size, room = rog_link_core_bytes(model->rows, model->wire_scale, bytes);
    int code = rog_server_send(serve->core, peer->worker, rog_serve_time(serve), serve->message,
                               room, &size, err);
    if (!code && size > 0)
        code = rog_link_put_core(peer->link, model->rows, serve->message, size, model->wire_scale,
                                 bytes, err);
    if (!code)
        rog_serve_report(serve); /* the end of a pull can grant another one */
    return code;
}

static void produce(void *user, size_t bytes)
{
    struct rog_serve_peer *peer = user;
    const struct rog_model_upload *upload = peer->serve->upload;
    struct rog_error err;
    if (!peer->here || (upload && !rog_model_upload_agrees(upload, peer->worker)))
        return;
    int code =
        peer->model_at != UINT64_MAX ? put_model(peer, bytes, &err) : put_core(peer, bytes, &err);
    rog_serve_check(peer->serve, code, &err);
}

static void down(void *user, const struct rog_error *why)
{
    struct rog_serve_peer *peer = user;
    peer->lost_s = rog_link_now();
    if (why->code == ROG_ENOMEM)
        rog_serve_fail(peer->serve, why->code, why);
    else if (peer->here && !peer->serve->ending)
        rog_serve_warn(peer->serve, peer->worker, ROG_CONNECTION_LOST "%s", why->message);
}

static const struct rog_link_hooks hooks = {.message = message, .produce = produce, .down = down};

int rog_serve_peer_init(struct rog_serve_peer *peer, struct rog_serve *serve, uint32_t worker,
                        struct rog_error *err)
{
    *peer = (struct rog_serve_peer){.serve = serve, .worker = worker, .model_at = UINT64_MAX};
    return rog_link_new(&peer->link, &serve->loop, &hooks, peer, err);
}

void rog_serve_peer_release(struct rog_serve_peer *peer)
{
    rog_link_free(peer->link);
    peer->link = NULL;
}

/* ---- notices of the core ---- */

/* A worker may continue; tells it how long it had to wait. */
static int admitted(struct rog_serve *serve, const struct rog_server_notice *notice,
                    struct rog_error *err)
{
    struct rog_serve_peer *peer = &serve->peers[notice->worker];
    double stall_s = notice->now - peer->pushed_s;
    int code = rog_admit_report(serve->options->events, notice,
                                peer->stall_reported ? stall_s : (double)NAN, err);
    if (code)
        return code;
    uint8_t body[16];
    uint64_t bits;
    memcpy(&bits, &stall_s, sizeof bits);
    rog_put_u32(body, notice->iteration);
    rog_put_u32(body + 4, rog_server_iteration(serve->core));
    rog_put_u64(body + 8, bits);
    peer->stall_reported = false;
    return rog_link_put(peer->link, ROG_KIND_ADMITTED, body, sizeof body, err);
}

void rog_serve_report(struct rog_serve *serve)
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
            code = rog_stall_report(serve->options->events, &notice, &err);
            peer->stall_reported = true;
            break;
        case ROG_SERVER_ADMITTED:
            code = admitted(serve, &notice, &err);
            break;
        case ROG_SERVER_DEMANDED:
            code = rog_demand_report(serve->options->events, &notice, &err);
            break;
        }
        rog_link_wake(peer->link);
    }
    rog_serve_check(serve, code, &err);
    rog_serve_set_deadline(serve);
}
