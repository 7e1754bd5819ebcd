/* SPDX-License-Identifier: Apache-2.0 */

/* Listens for workers, and handles their connections before they are accepted (rules: accept.h). */

#include <librog/net/accept.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <librog/net/hello.h>
#include <librog/net/link.h>

#define PENDING_MAX 64
#define PENDING_TIME_S 5.0
/* Connections accepted before the loop handles other events */
#define ACCEPTS_AT_ONCE 64
#define BACKLOG 1024

/* A connection that has not authenticated, or has not sent its hello. */
struct pending {
    struct rog_accept *accept;
    struct rog_conn *conn;
    char *refusal; /* to be sent before the connection is closed */
    struct pending *next;
};

struct rog_accept {
    uv_loop_t *loop;
    uv_poll_t listener;
    int fd;
    const struct rog_secret *secret;
    uint32_t workers;
    const struct rog_accept_hooks *hooks;
    void *user;
    struct pending *pending; /* newest first */
    uint32_t pending_count;
    bool resting; /* no connection is accepted until rog_accept_watch */
};

static void remove_pending(struct pending *pending)
{
    struct rog_accept *accept = pending->accept;
    struct pending **at = &accept->pending;
    while (*at != pending)
        at = &(*at)->next;
    *at = pending->next;
    accept->pending_count--;
    free(pending->refusal);
    free(pending);
}

static void drop(struct pending *pending)
{
    rog_conn_close(pending->conn);
    remove_pending(pending);
}

static void incoming(uv_poll_t *listener, int status, int events);

void rog_accept_watch(struct rog_accept *accept)
{
    double now = rog_link_now();
    if (accept->resting)
        uv_poll_start(&accept->listener, UV_READABLE, incoming);
    accept->resting = false;
    for (struct pending *pending = accept->pending, *next; pending; pending = next) {
        next = pending->next;
        if (now - rog_conn_opened_s(pending->conn) > PENDING_TIME_S)
            drop(pending);
    }
}

/* ---- limits ---- */

/* Closes the oldest connection from the address that has the most. */
static void make_room(struct rog_accept *accept)
{
    struct pending *victim = NULL;
    uint32_t most = 0;
    for (struct pending *pending = accept->pending; pending; pending = pending->next) {
        const char *address = rog_conn_peer(pending->conn);
        uint32_t count = 0;
        for (const struct pending *other = accept->pending; other; other = other->next)
            count += strcmp(address, rog_conn_peer(other->conn)) == 0;
        /* The list is newest first: the last of those with the most is the oldest. */
        if (count >= most) {
            most = count;
            victim = pending;
        }
    }
    if (victim)
        drop(victim);
}

/* Memory or descriptors are exhausted: closes a pending connection, or reports it if there is
 * none. */
static void lack(struct rog_accept *accept, const struct rog_error *why)
{
    if (accept->pending)
        make_room(accept);
    else
        accept->hooks->lack(accept->user, why);
}

/* ---- hooks of a connection ---- */

static void ready(struct rog_conn *conn, void *user)
{
    (void)conn;
    (void)user;
}

static bool next(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type, size_t *size)
{
    struct pending *pending = user;
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
    struct pending *pending = user;
    struct rog_accept *accept = pending->accept;
    (void)conn;
    remove_pending(pending);
    if (why->code == ROG_ENOMEM)
        lack(accept, why);
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

/* For a connection that is only waiting to close: the other hooks are not called any more. */
static const struct rog_conn_hooks left_hooks = {.next = nothing_left};

/* Sends the reason and closes the connection; frees `pending`. */
static void refuse(struct pending *pending, const struct rog_accept_refusal *why)
{
    struct rog_conn *conn = pending->conn;
    struct rog_json *refusal = rog_json_object();
    rog_json_put_string(refusal, "message", why->message);
    rog_json_put_bool(refusal, "again", why->again);
    pending->refusal = rog_json_text(refusal);
    rog_json_free(refusal);
    /* Writes the refusal; a connection that is finishing does not report errors. */
    rog_conn_finish(conn);
    rog_conn_hand_over(conn, &left_hooks, NULL);
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
        return rog_fail(err, ROG_EINVAL,
                        "rank %lld connected, but the ranks of workers are 1 to %u",
                        (long long)number, workers);
    if (strlen(rog_json_get_string(*hello, "session", "")) != ROG_SESSION_ID_BYTES - 1)
        return rog_fail(err, ROG_EFORMAT, "the hello of worker %lld has no session",
                        (long long)number);
    *rank = (uint32_t)number;
    return ROG_OK;
}

static int frame(struct rog_conn *conn, void *user, uint8_t type, const uint8_t *payload,
                 size_t size, struct rog_error *err)
{
    struct pending *pending = user;
    struct rog_accept *accept = pending->accept;
    struct rog_accept_refusal refusal = {0};
    struct rog_json *hello = NULL;
    uint32_t rank = 0;
    if (type != ROG_FRAME_HELLO)
        return rog_fail(err, ROG_EFORMAT, "a frame of type %u before the hello", type);
    int code = read_hello(payload, size, &hello, &rank, accept->workers, err);
    if (!code)
        code = accept->hooks->hello(accept->user, rank - 1, conn, hello, &refusal, err);
    rog_json_free(hello);
    if (code)
        return code;
    if (refusal.message[0])
        refuse(pending, &refusal);
    else
        remove_pending(pending); /* the connection now belongs to the worker's link */
    return ROG_OK;
}

static const struct rog_conn_hooks pending_hooks = {
    .ready = ready, .frame = frame, .next = next, .closed = closed};

/* ---- listening ---- */

static void add(struct rog_accept *accept, int fd)
{
    struct rog_error why;
    struct pending *pending = calloc(1, sizeof *pending);
    int code = ROG_OK;
    if (pending) {
        pending->accept = accept;
        code = rog_conn_accept(&pending->conn, accept->loop, fd, accept->secret, &pending_hooks,
                               pending, &why);
    } else {
        close(fd);
        code = rog_fail_nomem(&why);
    }
    if (code) {
        free(pending);
        if (code == ROG_ENOMEM)
            lack(accept, &why);
        return; /* the peer may try again */
    }
    pending->next = accept->pending;
    accept->pending = pending;
    accept->pending_count++;
}

/* While a connection waits for descriptors or memory, the loop would call this again and again. */
static void cannot_accept(struct rog_accept *accept, int cause)
{
    struct rog_error why;
    rog_fail(&why, ROG_EIO, "cannot accept a connection: %s", strerror(cause));
    uv_poll_stop(&accept->listener);
    accept->resting = true;
    lack(accept, &why);
}

static bool is_out_of_resources(int cause)
{
    return cause == EMFILE || cause == ENFILE || cause == ENOMEM || cause == ENOBUFS;
}

static void incoming(uv_poll_t *listener, int status, int events)
{
    struct rog_accept *accept = listener->data;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        int fd = accept4(accept->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && is_out_of_resources(errno))
            cannot_accept(accept, errno);
        if (fd < 0)
            return;
        if (accept->pending_count >= PENDING_MAX)
            make_room(accept);
        add(accept, fd);
    }
}

static int open_socket(struct rog_accept *accept, const char *text, uint16_t *port,
                       struct rog_error *err)
{
    struct sockaddr_storage address;
    socklen_t bytes;
    int on = 1;
    int code = rog_link_resolve(text, true, &address, &bytes, err);
    if (code)
        return code;
    accept->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (accept->fd < 0 || setsockopt(accept->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(accept->fd, (struct sockaddr *)&address, bytes) || listen(accept->fd, BACKLOG) ||
        getsockname(accept->fd, (struct sockaddr *)&address, &bytes))
        return rog_fail(err, ROG_EIO, "cannot listen on %s: %s", text, strerror(errno));
    /* IPv4 and IPv6 addresses have the port in the same place. */
    *port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    return ROG_OK;
}

int rog_accept_new(struct rog_accept **out, uv_loop_t *loop, const char *address,
                   const struct rog_secret *secret, uint32_t workers,
                   const struct rog_accept_hooks *hooks, void *user, uint16_t *port,
                   struct rog_error *err)
{
    *out = NULL;
    struct rog_accept *accept = calloc(1, sizeof *accept);
    if (!accept)
        return rog_fail_nomem(err);
    *accept = (struct rog_accept){
        .loop = loop, .fd = -1, .secret = secret, .workers = workers, .hooks = hooks, .user = user};
    int code = open_socket(accept, address, port, err);
    if (!code && uv_poll_init(loop, &accept->listener, accept->fd))
        code = rog_fail(err, ROG_EIO, "cannot watch %s", address);
    if (code) {
        if (accept->fd >= 0)
            close(accept->fd);
        free(accept);
        return code;
    }
    accept->listener.data = accept;
    uv_poll_start(&accept->listener, UV_READABLE, incoming);
    *out = accept;
    return ROG_OK;
}

static void listener_closed(uv_handle_t *handle)
{
    struct rog_accept *accept = handle->data;
    close(accept->fd);
    free(accept);
}

void rog_accept_free(struct rog_accept *accept)
{
    if (!accept)
        return;
    while (accept->pending)
        drop(accept->pending);
    uv_close((uv_handle_t *)&accept->listener, listener_closed);
}
