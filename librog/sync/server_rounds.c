/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pushes for optimizers that work in rounds (rog/server_optimizer.h). The messages of a push are
 * kept as they arrived until it is complete, so that a round contains only whole contributions, in
 * the order of their completion, however many workers push at once. The encoded bytes are kept,
 * because they are few.
 */
#include <librog/sync/server_state.h>

#include <stdlib.h>
#include <string.h>

#include <librog/sync/message.h>

/* A ROWS message of a push. `wire` points into `bytes`. */
struct rog_kept_message {
    struct rog_kept_message *next;
    struct rog_wire wire;
    uint8_t bytes[];
};

int rog_rounds_init(struct rog_server *server, struct rog_peer *peer, struct rog_error *err)
{
    peer->weight = 1;
    return rog_server_update_in_rounds(&server->update)
               ? rog_set_init(&peer->kept.rows, server->rows->row_count, err)
               : 0;
}

static void drop_messages(struct rog_kept *kept)
{
    while (kept->first) {
        struct rog_kept_message *next = kept->first->next;
        free(kept->first);
        kept->first = next;
    }
    kept->last = NULL;
}

static void drop(struct rog_peer *peer)
{
    drop_messages(&peer->kept);
    if (peer->kept.rows.words)
        rog_set_clear(&peer->kept.rows);
}

void rog_rounds_release(struct rog_peer *peer)
{
    drop_messages(&peer->kept);
    rog_set_release(&peer->kept.rows);
}

bool rog_rounds_keeps(const struct rog_server *server, const struct rog_peer *peer)
{
    return peer->incoming == ROG_WIRE_PUSH && rog_server_update_in_rounds(&server->update);
}

int rog_rounds_keep(struct rog_server *server, struct rog_peer *peer, const struct rog_wire *wire,
                    uint32_t count, struct rog_error *err)
{
    struct rog_kept *kept = &peer->kept;
    struct rog_kept_message *message = malloc(sizeof *message + wire->size);
    if (!message)
        return rog_fail_nomem(err);
    memcpy(message->bytes, wire->message, wire->size);
    message->next = NULL;
    message->wire = *wire;
    message->wire.message = message->bytes;
    message->wire.numbers.at = message->bytes + (wire->numbers.at - wire->message);
    message->wire.payload = message->bytes + (wire->payload - wire->message);
    if (kept->last)
        kept->last->next = message;
    else
        kept->first = message;
    kept->last = message;
    for (uint32_t i = 0; i < count; i++)
        rog_set_add(&kept->rows, server->list[i]);
    return 0;
}

void rog_rounds_settle(struct rog_server *server)
{
    rog_server_update_settle(&server->update, rog_server_active(server), server->change,
                             server->merged);
}

static uint32_t contributions_of(const struct rog_server *server, const struct rog_peer *peer)
{
    return peer->contributed_at == server->update.steps ? peer->contributions : 0;
}

static void contribute(struct rog_server *server, struct rog_peer *peer)
{
    peer->contributions = contributions_of(server, peer) + 1;
    peer->contributed_at = server->update.steps;
    rog_server_update_push_ends(&server->update);
}

void rog_rounds_left(struct rog_server *server, struct rog_peer *peer)
{
    drop(peer);
    rog_server_update_left(&server->update, contributions_of(server, peer));
    peer->contributions = 0;
}

void rog_rounds_pushed(struct rog_server *server, uint32_t worker)
{
    struct rog_peer *peer = &server->peers[worker];
    const struct rog_server_update *update = &server->update;
    if (update->optimizer->weigh)
        peer->weight *=
            (float)update->optimizer->weigh(&update->config, update->steps - peer->steps_seen);
    for (const struct rog_kept_message *kept = peer->kept.first; kept; kept = kept->next)
        rog_server_take_rows(server, worker, &kept->wire, rog_wire_list(&kept->wire, server->list));
    drop(peer);
    if (peer->weight > 0)
        contribute(server, peer);
    rog_rounds_settle(server);
}

/* ---- archive ---- */

/* Loads bytes that may have been modified: they must be a message that could have been kept
 * here. */
static void load_message(struct rog_server *server, uint32_t worker, const uint8_t *bytes,
                         size_t size, struct rog_archive *archive)
{
    struct rog_wire wire;
    struct rog_peer *peer = &server->peers[worker];
    uint32_t count = 0;
    int code = rog_wire_parse(server->rows, bytes, size, &wire, NULL);
    if (!code && wire.header.kind != ROG_WIRE_ROWS)
        code = ROG_EFORMAT;
    if (!code)
        code = rog_server_check_rows(server, worker, &wire, &count, NULL);
    if (!code && wire.header.values != (server->start != NULL))
        code = ROG_EFORMAT;
    if (!code)
        code = rog_rounds_keep(server, peer, &wire, count, NULL);
    if (code == ROG_ENOMEM)
        rog_archive_nomem(archive);
    else if (code)
        rog_archive_refuse(archive, "a message of a push");
}

static void archive_message(struct rog_server *server, uint32_t worker,
                            struct rog_kept_message *message, struct rog_archive *archive)
{
    uint32_t size = archive->loading ? 0 : (uint32_t)message->wire.size;
    rog_archive_count(archive, &size, 1, "the length of a message");
    if (!archive->loading) {
        rog_archive_bytes(archive, message->bytes, size);
        return;
    }
    uint8_t *bytes = malloc(size + 1u);
    if (!bytes)
        rog_archive_nomem(archive);
    else
        rog_archive_bytes(archive, bytes, size);
    if (!rog_archive_failed(archive))
        load_message(server, worker, bytes, size, archive);
    free(bytes);
}

void rog_rounds_archive(struct rog_server *server, uint32_t worker, struct rog_archive *archive)
{
    struct rog_peer *peer = &server->peers[worker];
    if (peer->steps_seen > server->update.steps)
        rog_archive_refuse(archive, "a pull after the server's last step");
    rog_archive_u32(archive, &peer->contributions);
    rog_archive_u64(archive, &peer->contributed_at);
    if (!rog_rounds_keeps(server, peer))
        return;
    uint32_t count = 0;
    for (const struct rog_kept_message *kept = peer->kept.first; kept; kept = kept->next)
        count++;
    rog_archive_count(archive, &count, ROG_WIRE_HEADER_BYTES, "messages of a push");
    struct rog_kept_message *next = peer->kept.first;
    for (uint32_t i = 0; i < count && !rog_archive_failed(archive); i++) {
        struct rog_kept_message *message = next;
        next = message ? message->next : NULL;
        archive_message(server, worker, message, archive);
    }
}
