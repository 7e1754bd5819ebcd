/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP connection of the training link on libuv: sends and receives frames, paced. */
#include <librog/net/conn.h>

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Maximum unsent bytes in the kernel, beyond those in flight */
#define NOTSENT_BYTES 4096
/* Frames read or written before the loop handles other connections */
#define FRAMES_AT_ONCE 32
/* Time for the peer to close after we have shut down our side */
#define LINGER_MS 2000

enum state { CONNECTING, MEETING, OPEN, CLOSED };

struct buffer {
    uint8_t *data;
    size_t room, size, at;
};

struct rog_conn {
    uv_poll_t poll;
    uv_timer_t timer; /* until the held frame may be sent */
    uint32_t handles; /* handles that libuv still uses */
    int fd, events;
    enum state state;
    bool server, pumping;
    bool finishing, finished; /* rog_conn_finish was called; everything has been written */
    struct rog_seal *seal;
    const struct rog_conn_hooks *hooks;
    void *user;
    struct buffer in, out;
    uint8_t *payload; /* of the frame that is being created */
    size_t frame_max; /* maximum size of incoming frames */
    struct rog_pacer *pacer;
    double held_s; /* when the frame in `out` may be sent */
    double opened_s, heard_s, wrote_s;
    uint64_t bytes_written;
    char peer[INET6_ADDRSTRLEN];
};

static void pump(struct rog_conn *conn);

double rog_link_now(void)
{
    return 1e-9 * (double)uv_hrtime();
}

/* ---- creation and release ---- */

static void release(struct rog_conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    rog_seal_free(conn->seal);
    free(conn->payload);
    free(conn->out.data);
    free(conn->in.data);
    free(conn);
}

static void handle_closed(uv_handle_t *handle)
{
    struct rog_conn *conn = handle->data;
    if (--conn->handles == 0)
        release(conn);
}

void rog_conn_close(struct rog_conn *conn)
{
    if (!conn || conn->state == CLOSED)
        return;
    conn->state = CLOSED;
    uv_close((uv_handle_t *)&conn->timer, handle_closed);
    uv_close((uv_handle_t *)&conn->poll, handle_closed);
}

static void fail(struct rog_conn *conn, const struct rog_error *why)
{
    if (conn->state == CLOSED)
        return;
    rog_conn_close(conn);
    if (!conn->finishing)
        conn->hooks->closed(conn, conn->user, why);
}

static void fail_system(struct rog_conn *conn, const char *what, int number)
{
    struct rog_error why;
    rog_fail(&why, ROG_EIO, "%s: %s", what, strerror(number));
    fail(conn, &why);
}

static int set_room(struct rog_conn *conn, size_t bytes, struct rog_error *err)
{
    size_t payload_bytes = bytes - ROG_FRAME_OVERHEAD;
    uint8_t *in = realloc(conn->in.data, bytes);
    if (in)
        conn->in = (struct buffer){in, bytes, conn->in.size, conn->in.at};
    uint8_t *out = realloc(conn->out.data, bytes);
    if (out)
        conn->out = (struct buffer){out, bytes, conn->out.size, conn->out.at};
    uint8_t *payload = realloc(conn->payload, payload_bytes);
    if (payload)
        conn->payload = payload;
    if (!in || !out || !payload)
        return rog_fail_nomem(err);
    conn->frame_max = bytes;
    return ROG_OK;
}

/* For slow networks: send small segments at once, and keep little data in the kernel. Use a
 * congestion control based on losses, if available, so that hosts with different defaults behave
 * alike; one that models the path may misinterpret a changing rate. */
static int set_options(int fd, struct rog_error *err)
{
    static const char *const controls[] = {"reno", "cubic"};
    int one = 1, notsent = NOTSENT_BYTES;
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, controls[i],
                       (socklen_t)strlen(controls[i])) == 0)
            break;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent, sizeof notsent) != 0)
        return rog_fail(err, ROG_EIO, "cannot set up a connection: %s", strerror(errno));
    return ROG_OK;
}

static void watch(struct rog_conn *conn, int events);
static void timer_due(uv_timer_t *timer);

static void name_peer(struct rog_conn *conn, const struct sockaddr *address)
{
    const void *number = address->sa_family == AF_INET6
                             ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                             : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    if (!inet_ntop(address->sa_family, number, conn->peer, sizeof conn->peer))
        strcpy(conn->peer, "unknown");
}

/* On success the connection owns fd. */
static int make(struct rog_conn **out, uv_loop_t *loop, int fd, bool server,
                const struct rog_secret *secret, const struct rog_conn_hooks *hooks, void *user,
                struct rog_error *err)
{
    struct rog_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return rog_fail_nomem(err);
    conn->fd = -1;
    conn->server = server;
    conn->hooks = hooks;
    conn->user = user;
    conn->state = server ? MEETING : CONNECTING;
    conn->opened_s = conn->heard_s = conn->wrote_s = rog_link_now();
    int code = set_options(fd, err);
    if (!code)
        code = set_room(conn, ROG_FRAME_FIRST_MAX, err);
    if (!code)
        code = rog_seal_new(&conn->seal, secret, server, err);
    int status = code ? 0 : uv_poll_init(loop, &conn->poll, fd);
    if (status)
        code = rog_fail(err, ROG_EIO, "cannot watch a connection: %s", strerror(-status));
    if (code) {
        release(conn);
        return code;
    }
    uv_timer_init(loop, &conn->timer);
    conn->timer.data = conn->poll.data = conn;
    conn->handles = 2;
    conn->fd = fd;
    *out = conn;
    return ROG_OK;
}

int rog_conn_accept(struct rog_conn **conn, uv_loop_t *loop, int fd,
                    const struct rog_secret *secret, const struct rog_conn_hooks *hooks, void *user,
                    struct rog_error *err)
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;
    int code = make(conn, loop, fd, true, secret, hooks, user, err);
    if (code) {
        close(fd);
        return code;
    }
    getpeername(fd, (struct sockaddr *)&address, &bytes);
    name_peer(*conn, (struct sockaddr *)&address);
    watch(*conn, UV_READABLE);
    return ROG_OK;
}

int rog_conn_connect(struct rog_conn **conn, uv_loop_t *loop, const struct sockaddr *address,
                     socklen_t address_bytes, const struct rog_secret *secret,
                     const struct rog_conn_hooks *hooks, void *user, struct rog_error *err)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return rog_fail(err, ROG_EIO, "cannot open a socket: %s", strerror(errno));
    int code = ROG_OK;
    if (connect(fd, address, address_bytes) != 0 && errno != EINPROGRESS)
        code = rog_fail(err, ROG_EIO, "cannot connect: %s", strerror(errno));
    if (!code)
        code = make(conn, loop, fd, false, secret, hooks, user, err);
    if (code) {
        close(fd);
        return code;
    }
    name_peer(*conn, address);
    watch(*conn, UV_WRITABLE);
    return ROG_OK;
}

/* ---- writing ---- */

/* Returns true when the kernel has accepted all of `out`. */
static bool write_out(struct rog_conn *conn)
{
    while (conn->out.at < conn->out.size) {
        ssize_t put = send(conn->fd, conn->out.data + conn->out.at, conn->out.size - conn->out.at,
                           MSG_NOSIGNAL | MSG_MORE);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return false;
        if (put < 0) {
            fail_system(conn, "the connection was lost", errno);
            return false;
        }
        conn->out.at += (size_t)put;
        conn->bytes_written += (uint64_t)put;
        conn->wrote_s = rog_link_now();
    }
    conn->out.size = conn->out.at = 0;
    return true;
}

/* Returns true if the held frame may be sent; otherwise sets the timer. */
static bool may_go(struct rog_conn *conn)
{
    double wait_s = conn->held_s - rog_link_now();
    if (wait_s <= 0)
        return true;
    /* libuv timers have milliseconds; long waits are checked again every minute. */
    uint64_t wait_ms = wait_s > 60 ? 60000 : (uint64_t)ceil(1e3 * wait_s);
    uv_update_time(conn->timer.loop);
    uv_timer_start(&conn->timer, timer_due, wait_ms, 0);
    return false;
}

static bool make_frame(struct rog_conn *conn)
{
    uint8_t type;
    size_t size;
    if (!conn->hooks->next(conn, conn->user, conn->payload, &type, &size))
        return false;
    conn->out.size = rog_seal_close(conn->seal, type, conn->payload, size, conn->out.data);
    conn->out.at = 0;
    if (conn->pacer)
        conn->held_s = rog_pacer_finish(conn->pacer, rog_link_now(), conn->out.size);
    return true;
}

/* Frames that are written together share segments, each of which has headers; the last segment
 * waits for more data until this call says that there is none. */
static void flush_segment(struct rog_conn *conn)
{
    int one = 1;
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Writes until there is nothing to write, it has to wait, or the loop has to handle others. */
static void pump(struct rog_conn *conn)
{
    if (conn->pumping || conn->finished)
        return;
    conn->pumping = true;
    uint64_t written = conn->bytes_written;
    int events = UV_READABLE;
    for (int frames = 0; conn->state == MEETING || conn->state == OPEN; frames++) {
        if (conn->out.size == 0 && (conn->state != OPEN || !make_frame(conn))) {
            if (conn->pacer)
                rog_pacer_idle(conn->pacer);
            break;
        }
        if (!may_go(conn))
            break;
        if (frames == FRAMES_AT_ONCE || !write_out(conn)) {
            events |= UV_WRITABLE;
            break;
        }
    }
    conn->pumping = false;
    if (conn->bytes_written > written)
        flush_segment(conn);
    if (conn->state == OPEN && conn->finishing && conn->out.size == 0) {
        /* Closing at once could make the kernel discard data that the peer has not read. */
        conn->finished = true;
        shutdown(conn->fd, SHUT_WR);
        uv_timer_start(&conn->timer, timer_due, LINGER_MS, 0);
    }
    watch(conn, events);
}

static void timer_due(uv_timer_t *timer)
{
    struct rog_conn *conn = timer->data;
    if (conn->finished)
        rog_conn_close(conn);
    else
        pump(conn);
}

void rog_conn_wake(struct rog_conn *conn)
{
    if (conn->state == OPEN)
        pump(conn);
}

/* ---- reading ---- */

/* Removes a handshake message from the input and processes it. */
static void take_handshake(struct rog_conn *conn)
{
    struct rog_error why;
    if (rog_seal_meet(conn->seal, conn->in.data, &why)) {
        fail(conn, &why);
        return;
    }
    conn->in.size -= ROG_HANDSHAKE_BYTES;
    memmove(conn->in.data, conn->in.data + ROG_HANDSHAKE_BYTES, conn->in.size);
    if (conn->server) {
        rog_seal_introduce(conn->seal, conn->out.data);
        conn->out.size = ROG_HANDSHAKE_BYTES;
    }
    conn->state = OPEN;
    conn->hooks->ready(conn, conn->user);
    pump(conn);
}

/* Removes a frame from the input and processes it; returns false if it is not complete. */
static bool take_frame(struct rog_conn *conn)
{
    struct rog_error why = {0};
    size_t bytes, size, left = conn->in.size - conn->in.at;
    uint8_t type, *payload, *frame = conn->in.data + conn->in.at;
    if (left < ROG_FRAME_HEADER_BYTES)
        return false;
    int code = rog_seal_frame_bytes(conn->seal, frame, conn->frame_max, &bytes, &why);
    if (!code && left < bytes)
        return false;
    if (!code)
        code = rog_seal_open(conn->seal, frame, bytes, &type, &payload, &size, &why);
    if (!code) {
        conn->in.at += bytes;
        code = conn->hooks->frame(conn, conn->user, type, payload, size, &why);
    }
    if (code)
        fail(conn, &why);
    return !code && conn->state == OPEN && !conn->finishing;
}

static void take_frames(struct rog_conn *conn)
{
    while (take_frame(conn))
        ;
    if (conn->state != OPEN || conn->finishing)
        return;
    conn->in.size -= conn->in.at;
    memmove(conn->in.data, conn->in.data + conn->in.at, conn->in.size);
    conn->in.at = 0;
    if (conn->hooks->batch)
        conn->hooks->batch(conn, conn->user);
}

static void read_in(struct rog_conn *conn)
{
    if (conn->finishing)
        conn->in.size = conn->in.at = 0; /* data that arrive from now on are discarded */
    ssize_t got = recv(conn->fd, conn->in.data + conn->in.size, conn->in.room - conn->in.size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (got < 0) {
        fail_system(conn, "the connection was lost", errno);
        return;
    }
    if (got == 0) {
        struct rog_error why;
        rog_fail(&why, ROG_EIO, "the peer closed the connection");
        fail(conn, &why);
        return;
    }
    if (conn->finishing)
        return;
    conn->heard_s = rog_link_now();
    conn->in.size += (size_t)got;
    if (conn->state == MEETING && conn->in.size >= ROG_HANDSHAKE_BYTES)
        take_handshake(conn);
    if (conn->state == OPEN)
        take_frames(conn);
}

static void connected(struct rog_conn *conn)
{
    int number = 0;
    socklen_t bytes = sizeof number;
    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &number, &bytes) != 0)
        number = errno;
    if (number) {
        fail_system(conn, "cannot connect", number);
        return;
    }
    conn->state = MEETING;
    rog_seal_introduce(conn->seal, conn->out.data);
    conn->out.size = ROG_HANDSHAKE_BYTES;
    pump(conn);
}

static void polled(uv_poll_t *poll, int status, int events)
{
    struct rog_conn *conn = poll->data;
    if (conn->state == CONNECTING) {
        connected(conn);
        return;
    }
    if (status < 0 || (events & UV_READABLE))
        read_in(conn);
    if (conn->state != CLOSED && (events & UV_WRITABLE))
        pump(conn);
}

static void watch(struct rog_conn *conn, int events)
{
    if (conn->state == CLOSED || events == conn->events)
        return;
    conn->events = events;
    uv_poll_start(&conn->poll, events, polled);
}

/* ---- other calls ---- */

void rog_conn_hand_over(struct rog_conn *conn, const struct rog_conn_hooks *hooks, void *user)
{
    conn->hooks = hooks;
    conn->user = user;
}

int rog_conn_trust(struct rog_conn *conn, struct rog_error *err)
{
    return conn->frame_max == ROG_FRAME_BYTES_MAX ? ROG_OK
                                                  : set_room(conn, ROG_FRAME_BYTES_MAX, err);
}

void rog_conn_pace(struct rog_conn *conn, struct rog_pacer *pacer)
{
    conn->pacer = pacer;
}

void rog_conn_finish(struct rog_conn *conn)
{
    if (!conn || conn->state == CLOSED || conn->finishing)
        return;
    conn->finishing = true;
    if (conn->state == OPEN)
        pump(conn);
    else
        rog_conn_close(conn);
}

double rog_conn_heard_s(const struct rog_conn *conn)
{
    return conn->heard_s;
}

double rog_conn_wrote_s(const struct rog_conn *conn)
{
    return conn->wrote_s;
}

double rog_conn_opened_s(const struct rog_conn *conn)
{
    return conn->opened_s;
}

const char *rog_conn_peer(const struct rog_conn *conn)
{
    return conn->peer;
}
