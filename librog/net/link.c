/* SPDX-License-Identifier: Apache-2.0 */
/* A session over changing connections: acknowledgements, heartbeats, rates. */
#include <librog/net/link.h>

#include <stdlib.h>
#include <string.h>

#include <librog/net/bytes.h>

#define DATA_HEADER_BYTES 9
#define ACK_BYTES 8
/* Acknowledge at once after this many bytes, else after this delay: a peer that waits for an answer
 * does not wait long, and bulk data need few acknowledgements. */
#define ACK_AT_ONCE_BYTES 2048
#define ACK_DELAY_MS 20
/* Assumed rate until the rate of the link has been measured, bits/s */
#define FIRST_RATE_BPS 1e6
/* Minimum duration of a measurement of the rate, s */
#define SAMPLE_S 0.02
#define WINDOW_MIN 8192
#define WINDOW_MAX (4u << 20)
/* For paced links: only limits memory, and what is sent again after an interruption. */
#define WINDOW_PACED (1u << 20)

struct rog_link {
    uv_timer_t heartbeat, ack_timer;
    uint32_t handles;
    const struct rog_link_hooks *hooks;
    void *user;
    struct rog_session *session;
    struct rog_conn *conn; /* NULL: down */
    bool freed;
    char *welcome; /* to be sent first; NULL: none */

    uint64_t acked;   /* the number acknowledged last on this connection */
    size_t ack_bytes; /* bytes received since */
    bool ack_due, ack_timed;

    struct rog_pacer pacer;
    double rate_bps, round_trip_s; /* measured; round_trip_s: the round trip time without a queue */
    double sample_began_s;
    size_t sample_bytes;
    bool idle;     /* there was nothing to send */
    uint64_t lone; /* number of a message that was sent with nothing else in flight, 0: none */
    double heard_s;

    uint8_t *part; /* heap: the received part of an incomplete message */
    size_t part_size, message_max;
};

/* ---- rates ---- */

static size_t clamp_bytes(double bytes, size_t low, size_t high)
{
    if (bytes < (double)low)
        return low;
    return bytes > (double)high ? high : (size_t)bytes;
}

double rog_link_rate_bps(const struct rog_link *link)
{
    return link->pacer.trace ? rog_pacer_rate_bps(&link->pacer, rog_link_now()) : link->rate_bps;
}

static size_t window_bytes(const struct rog_link *link)
{
    if (link->pacer.trace)
        return WINDOW_PACED;
    double seconds = link->round_trip_s + ROG_LINK_QUEUE_S;
    return clamp_bytes(link->rate_bps / 8 * seconds, WINDOW_MIN, WINDOW_MAX);
}

static size_t message_bytes(const struct rog_link *link)
{
    return clamp_bytes(rog_link_rate_bps(link) / 8 * ROG_LINK_MESSAGE_S, ROG_LINK_BODY_MIN,
                       ROG_LINK_BODY_MAX);
}

static void start_sample(struct rog_link *link, double now)
{
    link->sample_began_s = now;
    link->sample_bytes = 0;
}

/* A message with nothing else in flight measures the round trip without a queue. */
static void measure(struct rog_link *link, uint64_t number, size_t bytes, double written_s)
{
    double now = rog_link_now();
    if (link->lone && number >= link->lone) {
        if (number == link->lone) {
            double sample_s = now - written_s;
            link->round_trip_s += 0.25 * (sample_s - link->round_trip_s);
        }
        link->lone = 0;
    }
    link->sample_bytes += bytes;
    double span_s = now - link->sample_began_s;
    if (span_s < SAMPLE_S || link->sample_bytes < ROG_LINK_BODY_MIN)
        return;
    link->rate_bps += 0.5 * (8 * (double)link->sample_bytes / span_s - link->rate_bps);
    start_sample(link, now);
}

/* ---- frames out ---- */

static bool next_welcome(struct rog_link *link, uint8_t *payload, uint8_t *type, size_t *size)
{
    if (!link->welcome)
        return false;
    *type = ROG_FRAME_WELCOME;
    *size = strlen(link->welcome);
    memcpy(payload, link->welcome, *size);
    free(link->welcome);
    link->welcome = NULL;
    return true;
}

static bool next_ack(struct rog_link *link, uint8_t *payload, uint8_t *type, size_t *size)
{
    if (!link->ack_due)
        return false;
    link->ack_due = false;
    link->ack_bytes = 0;
    link->acked = rog_session_received(link->session);
    rog_put_u64(payload, link->acked);
    *type = ROG_FRAME_ACK;
    *size = ACK_BYTES;
    return true;
}

static bool conn_next(struct rog_conn *conn, void *user, uint8_t *payload, uint8_t *type,
                      size_t *size)
{
    struct rog_link *link = user;
    (void)conn;
    if (next_welcome(link, payload, type, size) || next_ack(link, payload, type, size))
        return true;
    size_t unacked = rog_session_unacked(link->session);
    if (unacked > 0 && unacked >= window_bytes(link))
        return false;
    if (!rog_session_next(link->session))
        link->hooks->produce(link->user, message_bytes(link));
    struct rog_packet *packet = rog_session_next(link->session);
    if (!packet || !link->conn) {
        link->idle = true;
        return false;
    }
    double now = rog_link_now();
    if (unacked == 0)
        link->lone = packet->number;
    if (link->idle)
        start_sample(link, now); /* time without data to send does not count */
    link->idle = false;
    rog_put_u64(payload, packet->number);
    payload[8] = packet->kind;
    if (packet->body)
        memcpy(payload + DATA_HEADER_BYTES, packet->body, packet->size);
    else
        memset(payload + DATA_HEADER_BYTES, 0, packet->size);
    *type = ROG_FRAME_DATA;
    *size = DATA_HEADER_BYTES + packet->size;
    rog_session_written(link->session, now);
    return true;
}

static void ack_timer_due(uv_timer_t *timer)
{
    struct rog_link *link = timer->data;
    link->ack_timed = false;
    if (!link->conn || link->acked == rog_session_received(link->session))
        return;
    link->ack_due = true;
    rog_conn_wake(link->conn);
}

static void heartbeat_due(uv_timer_t *timer)
{
    struct rog_link *link = timer->data;
    if (!link->conn || rog_link_now() - rog_conn_wrote_s(link->conn) < 0.5 * ROG_LINK_HEARTBEAT_S)
        return;
    link->ack_due = true;
    rog_conn_wake(link->conn);
}

/* ---- frames in ---- */

/* Appends to a message of which a part has arrived before, or a part follows. */
static int take_part(struct rog_link *link, const uint8_t *body, size_t size, struct rog_error *err)
{
    if (size > link->message_max - link->part_size)
        return rog_fail(err, ROG_EFORMAT, "a message of more than %zu bytes", link->message_max);
    uint8_t *part = realloc(link->part, link->part_size + size + 1);
    if (!part)
        return rog_fail_nomem(err);
    memcpy(part + link->part_size, body, size);
    link->part = part;
    link->part_size += size;
    return ROG_OK;
}

static int take_body(struct rog_link *link, uint8_t kind, const uint8_t *body, size_t size,
                     struct rog_error *err)
{
    if (!(kind & ROG_LINK_MORE) && link->part_size == 0)
        return link->hooks->message(link->user, kind, body, size, err);
    int code = take_part(link, body, size, err);
    if (code || kind & ROG_LINK_MORE)
        return code;
    size_t whole = link->part_size;
    link->part_size = 0;
    return link->hooks->message(link->user, kind, link->part, whole, err);
}

static int take_data(struct rog_link *link, const uint8_t *payload, size_t size,
                     struct rog_error *err)
{
    if (size < DATA_HEADER_BYTES)
        return rog_fail(err, ROG_EFORMAT, "a message of %zu bytes", size);
    int code = rog_session_receive(link->session, rog_get_u64(payload), err);
    if (code)
        return code;
    link->ack_bytes += size;
    return take_body(link, payload[8], payload + DATA_HEADER_BYTES, size - DATA_HEADER_BYTES, err);
}

static int take_ack(struct rog_link *link, const uint8_t *payload, size_t size,
                    struct rog_error *err)
{
    if (size != ACK_BYTES)
        return rog_fail(err, ROG_EFORMAT, "an acknowledgement of %zu bytes", size);
    uint64_t number = rog_get_u64(payload);
    size_t bytes;
    double written_s = 0;
    int code = rog_session_acknowledge(link->session, number, &bytes, &written_s, err);
    if (!code && bytes > 0)
        measure(link, number, bytes, written_s);
    return code;
}

static int conn_frame(struct rog_conn *conn, void *user, uint8_t type, const uint8_t *payload,
                      size_t size, struct rog_error *err)
{
    struct rog_link *link = user;
    link->heard_s = rog_conn_heard_s(conn);
    if (type == ROG_FRAME_DATA)
        return take_data(link, payload, size, err);
    if (type == ROG_FRAME_ACK)
        return take_ack(link, payload, size, err);
    return rog_fail(err, ROG_EFORMAT, "a frame of unknown type %u", type);
}

static void conn_batch(struct rog_conn *conn, void *user)
{
    struct rog_link *link = user;
    bool news = link->acked != rog_session_received(link->session);
    if (news && link->ack_bytes >= ACK_AT_ONCE_BYTES) {
        link->ack_due = true;
    } else if (news && !link->ack_timed) {
        link->ack_timed = true;
        uv_update_time(link->ack_timer.loop);
        uv_timer_start(&link->ack_timer, ack_timer_due, ACK_DELAY_MS, 0);
    }
    rog_conn_wake(conn);
}

static void conn_closed(struct rog_conn *conn, void *user, const struct rog_error *why)
{
    struct rog_link *link = user;
    (void)conn;
    link->conn = NULL;
    link->hooks->down(link->user, why);
}

static const struct rog_conn_hooks conn_hooks = {
    .frame = conn_frame,
    .batch = conn_batch,
    .next = conn_next,
    .closed = conn_closed,
};

/* ---- creation and release ---- */

int rog_link_new(struct rog_link **out, uv_loop_t *loop, const struct rog_link_hooks *hooks,
                 void *user, struct rog_error *err)
{
    *out = NULL;
    struct rog_link *link = calloc(1, sizeof *link);
    if (!link)
        return rog_fail_nomem(err);
    int code = rog_session_new(&link->session, err);
    if (code) {
        free(link);
        return code;
    }
    link->hooks = hooks;
    link->user = user;
    link->rate_bps = FIRST_RATE_BPS;
    link->message_max = ROG_LINK_BODY_MAX;
    uv_timer_init(loop, &link->heartbeat);
    uv_timer_init(loop, &link->ack_timer);
    link->heartbeat.data = link->ack_timer.data = link;
    link->handles = 2;
    uint64_t period_ms = (uint64_t)(1e3 * ROG_LINK_HEARTBEAT_S);
    uv_timer_start(&link->heartbeat, heartbeat_due, period_ms, period_ms);
    *out = link;
    return ROG_OK;
}

static void handle_closed(uv_handle_t *handle)
{
    struct rog_link *link = handle->data;
    if (--link->handles > 0)
        return;
    rog_session_free(link->session);
    free(link->part);
    free(link);
}

void rog_link_free(struct rog_link *link)
{
    if (!link || link->freed)
        return;
    link->freed = true;
    rog_link_detach(link);
    uv_close((uv_handle_t *)&link->heartbeat, handle_closed);
    uv_close((uv_handle_t *)&link->ack_timer, handle_closed);
}

int rog_link_attach(struct rog_link *link, struct rog_conn *conn, uint64_t received,
                    const char *welcome, struct rog_error *err)
{
    char *copy = welcome ? strdup(welcome) : NULL;
    int code = welcome && !copy ? rog_fail_nomem(err) : ROG_OK;
    if (!code)
        code = rog_session_resume(link->session, received, err);
    if (!code)
        code = rog_conn_trust(conn, err);
    if (code) {
        free(copy);
        return code;
    }
    rog_link_detach(link);
    link->welcome = copy;
    link->conn = conn;
    link->acked = rog_session_received(link->session);
    link->ack_bytes = 0;
    link->lone = 0;
    link->idle = true;
    link->heard_s = rog_conn_heard_s(conn);
    rog_conn_hand_over(conn, &conn_hooks, link);
    rog_conn_pace(conn, link->pacer.trace ? &link->pacer : NULL);
    rog_conn_wake(conn);
    return ROG_OK;
}

void rog_link_detach(struct rog_link *link)
{
    rog_conn_close(link->conn);
    link->conn = NULL;
    free(link->welcome);
    link->welcome = NULL;
}

bool rog_link_up(const struct rog_link *link)
{
    return link->conn != NULL;
}

int rog_link_restart(struct rog_link *link, struct rog_error *err)
{
    struct rog_session *session;
    int code = rog_session_new(&session, err);
    if (code)
        return code;
    rog_link_detach(link);
    rog_session_free(link->session);
    link->session = session;
    link->part_size = 0;
    return ROG_OK;
}

uint64_t rog_link_received(const struct rog_link *link)
{
    return rog_session_received(link->session);
}

int rog_link_put(struct rog_link *link, uint8_t kind, const uint8_t *body, size_t size,
                 struct rog_error *err)
{
    int code = ROG_OK;
    while (size > ROG_LINK_BODY_MAX && !code) {
        code = rog_session_put(link->session, kind | ROG_LINK_MORE, body, ROG_LINK_BODY_MAX, err);
        body = body ? body + ROG_LINK_BODY_MAX : NULL;
        size -= ROG_LINK_BODY_MAX;
    }
    if (!code)
        code = rog_session_put(link->session, kind, body, size, err);
    if (!code && link->conn)
        rog_conn_wake(link->conn);
    return code;
}

void rog_link_take_up_to(struct rog_link *link, size_t bytes)
{
    link->message_max = bytes > ROG_LINK_BODY_MAX ? bytes : ROG_LINK_BODY_MAX;
}

void rog_link_wake(struct rog_link *link)
{
    if (link->conn)
        rog_conn_wake(link->conn);
}

bool rog_link_settled(const struct rog_link *link)
{
    return !rog_session_next(link->session) && rog_session_unacked(link->session) == 0;
}

void rog_link_pace(struct rog_link *link, const struct rog_trace *trace, double offset_s)
{
    rog_pacer_init(&link->pacer, trace, offset_s);
    if (link->conn)
        rog_conn_pace(link->conn, trace ? &link->pacer : NULL);
}

double rog_link_heard_s(const struct rog_link *link)
{
    return link->conn ? rog_conn_heard_s(link->conn) : link->heard_s;
}
