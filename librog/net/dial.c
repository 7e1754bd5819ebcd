/* SPDX-License-Identifier: Apache-2.0 */

/* Connects to a server, and reconnects when necessary. */

#include <librog/net/dial.h>

#include <stdlib.h>
#include <string.h>

#include <librog/net/hello.h>
#include <librog/net/link.h>

/* A connection without a welcome is given up after this time, s */
#define WELCOME_S 10.0
/* Delays between attempts: doubled each time, plus a random part of up to the same length, so that
 * workers do not all connect at once. */
#define RETRY_FIRST_MS 100u
#define RETRY_MOST_MS 5000u

struct rog_dial {
    uv_loop_t *loop;
    uv_timer_t retry;
    const char *server;
    struct sockaddr_storage address;
    socklen_t address_bytes;
    const struct rog_secret *secret;
    double timeout_s;
    const struct rog_dial_hooks *hooks;
    void *user;

    struct rog_conn *conn; /* waiting for a welcome; NULL: none */
    char *hello;           /* to be sent on it */
    uint32_t tries;        /* attempts since the last welcome */
    double lost_s;         /* since when there is no connection; 0: there is one */
    struct rog_error why;  /* why the last attempt failed */
    bool stopped;
};

static void connect_now(struct rog_dial *dial);

static void retry_due(uv_timer_t *timer)
{
    connect_now(timer->data);
}

/* Schedules another attempt, but gives up if memory ran out, because another attempt would not
 * help. */
static void retry_later(struct rog_dial *dial, const struct rog_error *why)
{
    uint16_t chance = 0;
    uint32_t wait_ms = RETRY_FIRST_MS << (dial->tries < 6 ? dial->tries : 6);
    wait_ms = wait_ms < RETRY_MOST_MS ? wait_ms : RETRY_MOST_MS;
    dial->tries++;
    dial->why = *why;
    free(dial->hello);
    dial->hello = NULL;
    if (dial->stopped)
        return;
    if (why->code == ROG_ENOMEM) {
        dial->hooks->failed(dial->user, why->code, why);
        return;
    }
    uv_random(NULL, NULL, &chance, sizeof chance, 0, NULL);
    uv_update_time(dial->loop);
    uv_timer_start(&dial->retry, retry_due, wait_ms + wait_ms * chance / 65536, 0);
}

/* ---- a connection without a welcome ---- */

static void ready(struct rog_conn *conn, void *user)
{
    struct rog_dial *dial = user;
    struct rog_error err;
    if (rog_conn_trust(conn, &err)) {
        dial->hooks->failed(dial->user, err.code, &err);
        return;
    }
    free(dial->hello);
    dial->hello = dial->hooks->hello(dial->user);
    if (!dial->hello) {
        rog_fail_nomem(&err);
        dial->hooks->failed(dial->user, err.code, &err);
    }
}

static bool next(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type, size_t *size)
{
    struct rog_dial *dial = user;
    (void)conn;
    if (!dial->hello)
        return false;
    *type = ROG_FRAME_HELLO;
    *size = strlen(dial->hello);
    memcpy(payload, dial->hello, *size);
    free(dial->hello);
    dial->hello = NULL;
    return true;
}

static int refused(struct rog_dial *dial, const struct rog_json *refusal)
{
    struct rog_error why;
    rog_fail(&why, ROG_EINVAL, "the server says: %s",
             rog_json_get_string(refusal, "message", "no"));
    rog_conn_close(dial->conn);
    dial->conn = NULL;
    if (rog_json_get_bool(refusal, "again", false))
        retry_later(dial, &why);
    else
        dial->hooks->failed(dial->user, ROG_EINVAL, &why);
    return ROG_OK;
}

static int welcomed(struct rog_dial *dial, const struct rog_json *welcome, struct rog_error *err)
{
    double before_s = dial->lost_s;
    int code = dial->hooks->welcome(dial->user, dial->conn, welcome, err);
    if (code)
        return code;
    dial->conn = NULL; /* now owned by the user */
    dial->tries = 0;
    /* The connection may already have failed when the user wrote to it (rog_dial_lost). */
    if (!(dial->lost_s > before_s))
        dial->lost_s = 0;
    return ROG_OK;
}

static int frame(struct rog_conn *conn, void *user, uint8_t type, const uint8_t *payload,
                 size_t size, struct rog_error *err)
{
    struct rog_dial *dial = user;
    struct rog_json *answer = NULL;
    (void)conn;
    if (type != ROG_FRAME_WELCOME && type != ROG_FRAME_REFUSE)
        return rog_fail(err, ROG_EFORMAT, "a frame of type %u instead of the welcome", type);
    int code = rog_json_parse((const char *)payload, size, "the server's answer", &answer, err);
    if (!code)
        code = type == ROG_FRAME_WELCOME ? welcomed(dial, answer, err) : refused(dial, answer);
    rog_json_free(answer);
    return code;
}

static void closed(struct rog_conn *conn, void *user, const struct rog_error *why)
{
    struct rog_dial *dial = user;
    (void)conn;
    dial->conn = NULL;
    retry_later(dial, why);
}

static const struct rog_conn_hooks conn_hooks = {
    .ready = ready, .frame = frame, .next = next, .closed = closed};

static void connect_now(struct rog_dial *dial)
{
    struct rog_error why;
    if (rog_conn_connect(&dial->conn, dial->loop, (const struct sockaddr *)&dial->address,
                         dial->address_bytes, dial->secret, &conn_hooks, dial, &why)) {
        dial->conn = NULL;
        retry_later(dial, &why);
    }
}

/* ---- creation and release ---- */

int rog_dial_new(struct rog_dial **out, uv_loop_t *loop, const char *server,
                 const struct rog_secret *secret, double timeout_s,
                 const struct rog_dial_hooks *hooks, void *user, struct rog_error *err)
{
    *out = NULL;
    struct rog_dial *dial = calloc(1, sizeof *dial);
    if (!dial)
        return rog_fail_nomem(err);
    dial->loop = loop;
    dial->server = server;
    dial->secret = secret;
    dial->timeout_s = timeout_s;
    dial->hooks = hooks;
    dial->user = user;
    int code = rog_link_resolve(server, false, &dial->address, &dial->address_bytes, err);
    if (code) {
        free(dial);
        return code;
    }
    uv_timer_init(loop, &dial->retry);
    dial->retry.data = dial;
    *out = dial;
    return ROG_OK;
}

static void timer_closed(uv_handle_t *handle)
{
    struct rog_dial *dial = handle->data;
    free(dial->hello);
    free(dial);
}

void rog_dial_free(struct rog_dial *dial)
{
    if (!dial)
        return;
    rog_conn_close(dial->conn);
    uv_close((uv_handle_t *)&dial->retry, timer_closed);
}

void rog_dial_begin(struct rog_dial *dial)
{
    dial->lost_s = rog_link_now();
    connect_now(dial);
}

void rog_dial_lost(struct rog_dial *dial, const struct rog_error *why)
{
    dial->lost_s = rog_link_now();
    if (!dial->stopped)
        retry_later(dial, why);
}

void rog_dial_stop(struct rog_dial *dial)
{
    dial->stopped = true;
    uv_timer_stop(&dial->retry);
}

double rog_dial_lost_s(const struct rog_dial *dial)
{
    return dial->lost_s;
}

void rog_dial_watch(struct rog_dial *dial, double now)
{
    struct rog_error why;
    if (dial->conn && now - rog_conn_opened_s(dial->conn) > WELCOME_S) {
        rog_conn_close(dial->conn);
        dial->conn = NULL;
        rog_fail(&why, ROG_EIO, "no answer from the server");
        retry_later(dial, &why);
    }
    if (dial->lost_s <= 0 || now - dial->lost_s <= dial->timeout_s)
        return;
    rog_fail(&why, ROG_EFAILED,
             "the server %s could not be reached for %.0f s (%.300s): is it running, and is the "
             "key the same?",
             dial->server, now - dial->lost_s, dial->why.message);
    dial->hooks->failed(dial->user, ROG_EFAILED, &why);
}
