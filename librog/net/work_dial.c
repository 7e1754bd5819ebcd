/* SPDX-License-Identifier: Apache-2.0 */
#include <librog/net/work_state.h>

#include <stdlib.h>
#include <string.h>

#include <librog/net/bytes.h>

/* A connection on which nothing comes for so long is given up; so is one without a welcome. */
#define SILENT_S 5.0
#define WELCOME_S 10.0
/* Between two tries: doubled each time, with up to as much again by chance, so that workers do not
 * all come at once. */
#define RETRY_FIRST_MS 100u
#define RETRY_MOST_MS 5000u
/* No run lasts longer; beyond it there are no seconds among the digits of a time. */
#define RUN_MAX_S 1e10

static void retry_due(uv_timer_t *timer)
{
    rog_work_connect(timer->data);
}

static void retry_later(struct rog_work *work, const struct rog_error *why)
{
    uint16_t chance = 0;
    uint32_t wait_ms = RETRY_FIRST_MS << (work->tries < 6 ? work->tries : 6);
    wait_ms = wait_ms < RETRY_MOST_MS ? wait_ms : RETRY_MOST_MS;
    work->tries++;
    work->lost_why = *why;
    free(work->hello_text);
    work->hello_text = NULL;
    if (work->ending_s > 0)
        return;
    uv_random(NULL, NULL, &chance, sizeof chance, 0, NULL);
    uv_update_time(&work->loop);
    uv_timer_start(&work->retry, retry_due, wait_ms + wait_ms * chance / 65536, 0);
}

/* ---- a connection without a welcome ---- */

static char *hello_text(const struct rog_work *work)
{
    struct rog_json *hello = rog_json_copy(work->options->hello);
    rog_json_put_integer(hello, "rank", work->options->rank);
    rog_json_put_string(hello, "session", work->session);
    rog_json_put_integer(hello, "received", (int64_t)rog_link_received(work->link));
    char *text = rog_json_text(hello);
    rog_json_free(hello);
    return text;
}

static void ready(struct rog_conn *conn, void *user)
{
    struct rog_work *work = user;
    struct rog_error err;
    if (rog_conn_trust(conn, &err)) {
        rog_work_fail(work, err.code, &err);
        return;
    }
    free(work->hello_text);
    work->hello_text = hello_text(work);
}

static bool next(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type, size_t *size)
{
    struct rog_work *work = user;
    (void)conn;
    if (!work->hello_text)
        return false;
    *type = ROG_FRAME_HELLO;
    *size = strlen(work->hello_text);
    memcpy(payload, work->hello_text, *size);
    free(work->hello_text);
    work->hello_text = NULL;
    return true;
}

static int refused(struct rog_work *work, const struct rog_json *refusal)
{
    struct rog_error why;
    rog_fail(&why, ROG_EINVAL, "the server says: %s",
             rog_json_get_string(refusal, "message", "no"));
    rog_conn_close(work->conn);
    work->conn = NULL;
    if (rog_json_get_bool(refusal, "again", false))
        retry_later(work, &why);
    else
        rog_work_fail(work, ROG_EINVAL, &why);
    return ROG_OK;
}

/* A server that learns its model is told what it looks like, before anything else. */
static int put_layout(struct rog_work *work, struct rog_error *err)
{
    size_t size = work->layout_text ? strlen(work->layout_text) : 0;
    int code = ROG_OK;
    work->upload_at = UINT64_MAX;
    for (size_t at = 0; at < size && !code;) {
        size_t most = ROG_LINK_BODY_MAX - ROG_KIND_PIECE_BYTES;
        size_t piece = size - at < most ? size - at : most;
        rog_put_u64(work->message, size);
        rog_put_u64(work->message + 8, at);
        memcpy(work->message + ROG_KIND_PIECE_BYTES, work->layout_text + at, piece);
        code = rog_link_put(work->link, ROG_KIND_LAYOUT, work->message,
                            ROG_KIND_PIECE_BYTES + piece, err);
        at += piece;
    }
    return code;
}

/* How it goes on: `mode` is one of start, resume, join. */
static int welcomed(struct rog_work *work, const struct rog_json *welcome, struct rog_error *err)
{
    const char *mode = rog_json_get_string(welcome, "mode", "nothing");
    double t_s = rog_json_get_number(welcome, "t", -1);
    int64_t iteration = rog_json_get_integer(welcome, "iteration", 0);
    int64_t received = rog_json_get_integer(welcome, "received", 0);
    bool resume = strcmp(mode, "resume") == 0, join = strcmp(mode, "join") == 0;
    struct rog_conn *conn = work->conn;
    if ((!resume && !join && strcmp(mode, "start") != 0) || iteration < 0 ||
        iteration > UINT32_MAX || !(t_s <= RUN_MAX_S))
        return rog_fail(err, ROG_EFORMAT, "the server's welcome reads \"%s\", iteration %lld, %g s",
                        mode, (long long)iteration, t_s);
    if (!resume && !join && work->started) {
        struct rog_error why;
        rog_fail(&why, ROG_EFAILED, "the server has begun the run anew: start the workers again");
        rog_work_fail(work, ROG_EFAILED, &why);
        return ROG_OK;
    }
    int code = resume ? ROG_OK : rog_link_restart(work->link, err);
    if (!code && !resume)
        code = put_layout(work, err);
    if (!code && join)
        rog_work_join(work, (uint32_t)iteration); /* before the link asks for messages */
    if (!code)
        code = rog_link_attach(work->link, conn, (uint64_t)received, NULL, err);
    if (code)
        return code;
    work->conn = NULL; /* the link's now */
    work->tries = 0;
    if (t_s >= 0)
        rog_work_set_clock(work, t_s);
    if (work->welcomed)
        rog_work_warn(work, "connected again after %.1f s (%s)", rog_link_now() - work->lost_s,
                      mode);
    work->welcomed = true;
    work->lost_s = 0;
    return ROG_OK;
}

static int frame(struct rog_conn *conn, void *user, uint8_t type, const uint8_t *payload,
                 size_t size, struct rog_error *err)
{
    struct rog_work *work = user;
    struct rog_json *answer = NULL;
    (void)conn;
    if (type != ROG_FRAME_WELCOME && type != ROG_FRAME_REFUSE)
        return rog_fail(err, ROG_EFORMAT, "a frame of type %u instead of a welcome", type);
    int code = rog_json_parse((const char *)payload, size, "the server's answer", &answer, err);
    if (!code)
        code = type == ROG_FRAME_WELCOME ? welcomed(work, answer, err) : refused(work, answer);
    rog_json_free(answer);
    return code;
}

static void closed(struct rog_conn *conn, void *user, const struct rog_error *why)
{
    struct rog_work *work = user;
    (void)conn;
    work->conn = NULL;
    retry_later(work, why);
}

static const struct rog_conn_hooks conn_hooks = {
    .ready = ready, .frame = frame, .next = next, .closed = closed};

void rog_work_connect(struct rog_work *work)
{
    struct rog_error why;
    if (rog_conn_connect(&work->conn, &work->loop, (const struct sockaddr *)&work->address,
                         work->address_bytes, work->options->secret, &conn_hooks, work, &why)) {
        work->conn = NULL;
        retry_later(work, &why);
    }
}

/* ---- the link ---- */

static void lost(struct rog_work *work, const struct rog_error *why)
{
    work->lost_s = rog_link_now();
    if (work->ended)
        return;
    if (work->started)
        rog_work_warn(work, "connection lost: %s", why->message);
    retry_later(work, why);
}

static void down(void *user, const struct rog_error *why)
{
    lost(user, why);
}

void rog_work_watch_link(struct rog_work *work, double now)
{
    struct rog_error why;
    double silent_s = now - rog_link_heard_s(work->link);
    if (rog_link_up(work->link) && silent_s > SILENT_S) {
        rog_link_detach(work->link);
        rog_fail(&why, ROG_EIO, "no sign of life from the server for %.1f s", silent_s);
        lost(work, &why);
    }
    if (work->conn && now - rog_conn_opened_s(work->conn) > WELCOME_S) {
        rog_conn_close(work->conn);
        work->conn = NULL;
        rog_fail(&why, ROG_EIO, "the server does not answer");
        retry_later(work, &why);
    }
    if (work->lost_s <= 0 || now - work->lost_s <= work->options->server_timeout_s)
        return;
    rog_fail(&why, ROG_EFAILED,
             "the server %s could not be reached for %.0f s (%.300s): is it running, and is the "
             "key the same?",
             work->options->server, now - work->lost_s, work->lost_why.message);
    rog_work_fail(work, ROG_EFAILED, &why);
}

const struct rog_link_hooks rog_work_link_hooks = {rog_work_message, rog_work_produce, down};
