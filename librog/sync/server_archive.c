/* SPDX-License-Identifier: Apache-2.0 */
/* Archives the whole state of a server. */
#include <librog/sync/server.h>

#include <stdlib.h>

#include <librog/sync/server_state.h>

static void archive_incoming(const struct rog_server *server, struct rog_peer *peer,
                             struct rog_archive *archive)
{
    uint32_t incoming = peer->incoming;
    rog_archive_number(archive, &incoming, ROG_WIRE_DEMANDED, "rows that a worker is sending");
    peer->incoming = incoming;
    rog_archive_u32(archive, &peer->incoming_rows);
    rog_archive_real(archive, &peer->turn_began_s);
    rog_archive_real(archive, &peer->push_began_s);
    rog_archive_u64(archive, &peer->push_bytes);
    double weight = (double)peer->weight;
    rog_archive_within(archive, &weight, 0, ROG_WEIGHT_MAX, "the weight of a push");
    peer->weight = (float)weight;
    rog_archive_u32(archive, &peer->pushes_seen);
    rog_archive_u64(archive, &peer->steps_seen);
    if (incoming != ROG_WIRE_NONE)
        rog_archive_bytes(archive, peer->incoming_scale,
                          server->rows->tensor_count * sizeof *peer->incoming_scale);
}

static void archive_peer(struct rog_server *server, uint32_t worker, struct rog_archive *archive)
{
    struct rog_peer *peer = &server->peers[worker];
    const struct rog_rows *rows = server->rows;
    uint32_t phase = peer->phase;
    rog_archive_number(archive, &phase, ROG_PEER_PULLING, "the state of a worker");
    peer->phase = phase;
    rog_archive_u32(archive, &peer->iteration);
    archive_incoming(server, peer, archive);
    rog_archive_u32(archive, &peer->asked);
    rog_archive_u32(archive, &peer->requested);
    rog_archive_u32(archive, &peer->requesting);
    rog_archive_number(archive, &peer->request_row, rows->row_count, "a demanded row");
    rog_archive_flag(archive, &peer->is_held);
    rog_archive_flag(archive, &peer->is_planned);
    rog_archive_u64(archive, &peer->pull_bytes);
    rog_rounds_archive(server, worker, archive);
    if (peer->is_planned && peer->phase != ROG_PEER_ADMITTED)
        rog_archive_refuse(archive, "a planned pull that no worker waits for");
    if (!rog_archive_failed(archive) && (peer->phase == ROG_PEER_PULLING || peer->is_planned)) {
        rog_sending_archive(&peer->sending, rows, ROG_ROWS_PULL, peer->iteration, archive);
        rog_archive_bytes(archive, peer->pull_scale, rows->tensor_count * sizeof *peer->pull_scale);
    }
    rog_archive_bytes(archive, peer->seen, rows->row_count * sizeof *peer->seen);
    if (peer->held)
        rog_archive_bytes(archive, peer->held, rows->params * sizeof *peer->held);
    if (peer->memory)
        rog_archive_bytes(archive, peer->memory,
                          rows->way[ROG_ROWS_PULL].memory_floats * sizeof *peer->memory);
}

static void archive_notice(const struct rog_server *server, struct rog_server_notice *notice,
                           struct rog_archive *archive)
{
    uint32_t kind = notice->kind;
    rog_archive_number(archive, &kind, ROG_SERVER_PULL_SENT, "a message of the server");
    notice->kind = kind;
    rog_archive_number(archive, &notice->worker, server->policy.workers - 1,
                       "the worker that a message is about");
    rog_archive_u32(archive, &notice->iteration);
    rog_archive_u32(archive, &notice->blocker);
    rog_archive_u32(archive, &notice->rows);
    rog_archive_u32(archive, &notice->version);
    rog_archive_u32(archive, &notice->oldest);
    rog_archive_u32(archive, &notice->needed);
    rog_archive_u32(archive, &notice->granted);
    rog_archive_u32(archive, &notice->slowest);
    rog_archive_u32(archive, &notice->reached);
    rog_archive_u32(archive, &notice->active);
    rog_archive_real(archive, &notice->now);
}

/* Archives the notices that have not been fetched yet. */
static void archive_notices(struct rog_server *server, struct rog_archive *archive)
{
    uint32_t count = (uint32_t)server->notice_count;
    rog_archive_count(archive, &count, sizeof server->notices->kind, "a message of the server");
    for (uint32_t i = 0; i < count && !rog_archive_failed(archive); i++) {
        struct rog_server_notice notice = {0};
        if (!archive->loading)
            notice = server->notices[server->notice_first + i];
        archive_notice(server, &notice, archive);
        if (!archive->loading || rog_archive_failed(archive))
            continue;
        if (rog_server_reserve_notices(server, NULL))
            rog_archive_nomem(archive);
        else
            rog_server_notify(server, &notice);
    }
    /* Reserve as each call does: notices of leaving workers must fit. */
    if (archive->loading && rog_server_reserve_notices(server, NULL))
        rog_archive_nomem(archive);
}

void rog_server_archive(struct rog_server *server, struct rog_archive *archive)
{
    const struct rog_rows *rows = server->rows;
    rog_archive_same(archive, rows->row_count, "the rows of the model differ");
    rog_archive_same(archive, rows->params, "the size of the model differs");
    rog_archive_same(archive, server->policy.workers, "the workers differ");
    rog_archive_same(archive, server->start != NULL, "whether values are sent differs");
    if (rog_archive_failed(archive))
        return;
    rog_archive_u32(archive, &server->iteration);
    rog_archive_bytes(archive, server->merged, rows->row_count * sizeof *server->merged);
    if (server->change)
        rog_archive_bytes(archive, server->change, rows->params * sizeof *server->change);
    rog_average_archive(&server->average, archive);
    rog_versions_archive(&server->versions, archive);
    rog_transmissions_archive(&server->transmissions, archive);
    rog_server_update_archive(&server->update, archive);
    for (uint32_t i = 0; i < server->policy.workers; i++)
        rog_archive_real(archive, &server->goodput[i]);
    for (uint32_t i = 0; i < server->policy.workers; i++)
        rog_node_archive(&server->nodes[i], archive);
    rog_archive_u32(archive, &server->pushes);
    rog_strategy_archive(server->strategy, &server->policy, server->state, archive);
    for (uint32_t i = 0; i < server->policy.workers && !rog_archive_failed(archive); i++)
        archive_peer(server, i, archive);
    if (rog_archive_failed(archive))
        return;
    rog_admission_archive(server, archive);
    archive_notices(server, archive);
}
