/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that are kept until they are acknowledged, and sent again on a new connection. */
#include <librog/net/session.h>

#include <stdlib.h>
#include <string.h>

struct rog_session {
    struct rog_packet *first, *last; /* messages without acknowledgement, by number */
    struct rog_packet *unwritten;    /* the first of these to be written */
    uint64_t put, acknowledged, received;
    uint64_t written; /* number written last on this connection */
    size_t unacked;   /* bytes in them */
};

int rog_session_new(struct rog_session **session, struct rog_error *err)
{
    *session = calloc(1, sizeof **session);
    return *session ? ROG_OK : rog_fail_nomem(err);
}

static void drop_first(struct rog_session *session)
{
    struct rog_packet *packet = session->first;
    session->first = packet->next;
    if (!session->first)
        session->last = NULL;
    if (session->unwritten == packet)
        session->unwritten = packet->next;
    free(packet->body);
    free(packet);
}

void rog_session_free(struct rog_session *session)
{
    if (!session)
        return;
    while (session->first)
        drop_first(session);
    free(session);
}

int rog_session_put(struct rog_session *session, uint8_t kind, const uint8_t *body, size_t size,
                    struct rog_error *err)
{
    struct rog_packet *packet = calloc(1, sizeof *packet);
    uint8_t *copy = body ? malloc(size ? size : 1) : NULL;
    if (!packet || (body && !copy)) {
        free(packet);
        free(copy);
        return rog_fail_nomem(err);
    }
    if (body)
        memcpy(copy, body, size);
    *packet =
        (struct rog_packet){.number = ++session->put, .kind = kind, .size = size, .body = copy};
    if (session->last)
        session->last->next = packet;
    else
        session->first = packet;
    session->last = packet;
    if (!session->unwritten)
        session->unwritten = packet;
    return ROG_OK;
}

struct rog_packet *rog_session_next(const struct rog_session *session)
{
    return session->unwritten;
}

void rog_session_written(struct rog_session *session, double now)
{
    struct rog_packet *packet = session->unwritten;
    packet->written_s = now;
    session->unacked += packet->size;
    session->written = packet->number;
    session->unwritten = packet->next;
}

size_t rog_session_unacked(const struct rog_session *session)
{
    return session->unacked;
}

/* Removes messages up to `number`, which the peer has; returns how many written bytes they had. */
static size_t forget(struct rog_session *session, uint64_t number, double *written_s)
{
    size_t bytes = 0;
    while (session->first && session->first->number <= number) {
        *written_s = session->first->written_s;
        bytes += session->first->size;
        drop_first(session);
    }
    session->acknowledged = number;
    return bytes;
}

int rog_session_resume(struct rog_session *session, uint64_t received, struct rog_error *err)
{
    double written_s;
    if (received < session->acknowledged || received > session->put)
        return rog_fail(err, ROG_EFORMAT,
                        "the peer claims to have %llu messages of this session, but %llu were sent "
                        "and %llu acknowledged",
                        (unsigned long long)received, (unsigned long long)session->put,
                        (unsigned long long)session->acknowledged);
    forget(session, received, &written_s);
    session->unwritten = session->first;
    session->written = received;
    session->unacked = 0;
    return ROG_OK;
}

int rog_session_acknowledge(struct rog_session *session, uint64_t number, size_t *bytes,
                            double *written_s, struct rog_error *err)
{
    if (number < session->acknowledged || number > session->written)
        return rog_fail(err, ROG_EFORMAT, "message %llu was acknowledged, expected %llu to %llu",
                        (unsigned long long)number, (unsigned long long)session->acknowledged,
                        (unsigned long long)session->written);
    *bytes = forget(session, number, written_s);
    session->unacked -= *bytes;
    return ROG_OK;
}

int rog_session_receive(struct rog_session *session, uint64_t number, struct rog_error *err)
{
    if (number != session->received + 1)
        return rog_fail(err, ROG_EFORMAT, "received message %llu, expected %llu",
                        (unsigned long long)number, (unsigned long long)session->received + 1);
    session->received = number;
    return ROG_OK;
}

uint64_t rog_session_received(const struct rog_session *session)
{
    return session->received;
}
