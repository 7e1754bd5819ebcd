/* SPDX-License-Identifier: Apache-2.0 */
#include <librog/net/serve_state.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Who comes in. A pending is a connection that has not yet been let in as a worker. Guests are few,
 * have little memory and little time; when there are too many, the oldest from the address with the
 * most of them has to go, so that who crowds the door is in nobody's way but its own.
 */

#define PENDING_MAX 64
#define PENDING_TIME_S 5.0
/* Connections taken before others have their turn. */
#define TURN_ACCEPTS 64

static void remove_pending(struct rog_serve_pending *pending)
{
    struct rog_serve *serve = pending->serve;
    struct rog_serve_pending **at = &serve->pending;
    while (*at != pending)
        at = &(*at)->next;
    *at = pending->next;
    serve->pending_count--;
    free(pending->refusal);
    free(pending);
}

static void show_out(struct rog_serve_pending *pending)
{
    rog_conn_close(pending->conn);
    remove_pending(pending);
}

void rog_serve_close_pending(struct rog_serve *serve)
{
    while (serve->pending)
        show_out(serve->pending);
}

void rog_serve_watch_pending(struct rog_serve *serve)
{
    double now = rog_link_now();
    for (struct rog_serve_pending *pending = serve->pending, *next; pending; pending = next) {
        next = pending->next;
        if (now - rog_conn_opened_s(pending->conn) > PENDING_TIME_S)
            show_out(pending);
    }
}

/* ---- hooks ---- */

static void ready(struct rog_conn *conn, void *user)
{
    (void)conn;
    (void)user;
}

static bool next(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type, size_t *size)
{
    struct rog_serve_pending *pending = user;
    (void)conn;
    if (!pending->refusal)
        return false;
    *type = ROG_FRAME_REFUSE;
    *size = strlen(pending->refusal);
    memcpy(payload, pending->refusal, *size);
    free(pending->refusal);
    pending->refusal = NULL;
    return true;
}

static void closed(struct rog_conn *conn, void *user, const struct rog_error *why)
{
    (void)conn;
    (void)why;
    remove_pending(user);
}

static bool nothing_left(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type,
                         size_t *size)
{
    (void)conn;
    (void)user;
    (void)payload;
    (void)type;
    (void)size;
    return false;
}

/* Of a connection that is only waited for to close: the others are not called any more. */
static const struct rog_conn_hooks left_hooks = {.next = nothing_left};

/* Says why and closes; the pending is gone afterwards. */
static void refuse(struct rog_serve_pending *pending, const char *message, bool again)
{
    struct rog_conn *conn = pending->conn;
    struct rog_json *refusal = rog_json_object();
    rog_json_put_string(refusal, "message", message);
    rog_json_put_bool(refusal, "again", again);
    pending->refusal = rog_json_text(refusal);
    rog_json_free(refusal);
    rog_conn_wake(conn);
    rog_conn_hand_over(conn, &left_hooks, NULL);
    rog_conn_finish(conn);
    remove_pending(pending);
}

/* ---- hello ---- */

static int read_hello(const uint8_t *payload, size_t size, struct rog_json **hello, uint32_t *rank,
                      uint32_t workers, struct rog_error *err)
{
    int code = rog_json_parse((const char *)payload, size, "a worker's hello", hello, err);
    if (code)
        return code;
    int64_t number = rog_json_get_integer(*hello, "rank", 0);
    if (number < 1 || number > workers)
        return rog_fail(err, ROG_EINVAL, "rank %lld says hello, there are workers 1 to %u",
                        (long long)number, workers);
    if (strlen(rog_json_get_string(*hello, "session", "")) != ROG_SESSION_ID_BYTES - 1)
        return rog_fail(err, ROG_EFORMAT, "worker %lld's hello has no session", (long long)number);
    *rank = (uint32_t)number;
    return ROG_OK;
}

/* A worker with another configuration ends a run that has not begun: it would never be whole. Later
 * it is only turned away. */
static void mismatch(struct rog_serve_pending *pending, uint32_t rank, const struct rog_error *why)
{
    struct rog_serve *serve = pending->serve;
    refuse(pending, why->message, false);
    if (serve->started)
        rog_serve_warn(serve, rank - 1, "turned away: %s", why->message);
    else
        rog_serve_fail(serve, ROG_EINVAL, why);
}

static int frame(struct rog_conn *conn, void *user, uint8_t type, const uint8_t *payload,
                 size_t size, struct rog_error *err)
{
    struct rog_serve_pending *pending = user;
    struct rog_serve *serve = pending->serve;
    struct rog_json *hello = NULL;
    const char *refusal = NULL;
    char who[96];
    uint32_t rank = 0;
    if (type != ROG_FRAME_HELLO)
        return rog_fail(err, ROG_EFORMAT, "a frame of type %u before any hello", type);
    int code = read_hello(payload, size, &hello, &rank, serve->workers, err);
    if (code)
        goto out;
    snprintf(who, sizeof who, "worker %u (%s)", rank, rog_conn_peer(conn));
    code = rog_hello_compare(serve->hello, hello, who, err);
    if (code == ROG_EINVAL) {
        struct rog_error why = *err;
        mismatch(pending, rank, &why);
        code = ROG_OK;
        goto out;
    }
    if (!code)
        code = rog_serve_peer_enter(&serve->peers[rank - 1], conn, hello, &refusal, err);
    if (!code && refusal)
        refuse(pending, refusal, true);
    else if (!code)
        remove_pending(pending); /* the connection is the link's now */
out:
    rog_json_free(hello);
    return code;
}

static const struct rog_conn_hooks pending_hooks = {
    .ready = ready, .frame = frame, .next = next, .closed = closed};

/* ---- the door ---- */

/* Makes room: the oldest pending of the address that has the most goes. */
static void make_room(struct rog_serve *serve)
{
    struct rog_serve_pending *victim = NULL;
    uint32_t most = 0;
    for (struct rog_serve_pending *pending = serve->pending; pending; pending = pending->next) {
        const char *address = rog_conn_peer(pending->conn);
        uint32_t count = 0;
        for (const struct rog_serve_pending *other = serve->pending; other; other = other->next)
            count += strcmp(address, rog_conn_peer(other->conn)) == 0;
        /* The list is newest first: of those with the most the last one stays. */
        if (count >= most) {
            most = count;
            victim = pending;
        }
    }
    if (victim)
        show_out(victim);
}

static void let_in(struct rog_serve *serve, int fd)
{
    struct rog_serve_pending *pending = calloc(1, sizeof *pending);
    if (!pending) {
        close(fd);
        return;
    }
    pending->serve = serve;
    if (rog_conn_accept(&pending->conn, &serve->loop, fd, serve->options->secret, &pending_hooks,
                        pending, NULL)) {
        free(pending); /* out of memory or descriptors: the peer may try again */
        return;
    }
    pending->next = serve->pending;
    serve->pending = pending;
    serve->pending_count++;
}

void rog_serve_accept(uv_poll_t *listener, int status, int events)
{
    struct rog_serve *serve = listener->data;
    (void)status;
    (void)events;
    for (int i = 0; i < TURN_ACCEPTS; i++) {
        int fd = accept4(serve->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            make_room(serve);
        if (fd < 0)
            return;
        if (serve->pending_count >= PENDING_MAX)
            make_room(serve);
        let_in(serve, fd);
    }
}
