/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which of the admitted workers continue now, for strategies that do not grant all
 * pulls. */
#include <librog/sync/server_state.h>

static uint32_t granted_count(const struct rog_server *server)
{
    uint32_t count = 0;
    for (uint32_t i = 0; server->strategy->grant && i < server->policy.workers; i++)
        count += server->granted[i];
    return count;
}

/* Reports how far the other workers are, if the strategy promises something about it. */
static void report_others(const struct rog_server *server, struct rog_server_notice *notice)
{
    const struct rog_versions *versions = &server->versions;
    uint32_t slowest = UINT32_MAX;
    if (!server->strategy->iteration_bound && !server->strategy->least_quorum)
        return;
    for (uint32_t i = 0; i < server->policy.workers; i++) {
        if (!versions->active[i])
            continue;
        slowest = versions->latest[i] < slowest ? versions->latest[i] : slowest;
        notice->reached += versions->latest[i] >= notice->iteration;
        notice->active++;
    }
    notice->slowest = slowest;
}

static void admit(struct rog_server *server, uint32_t worker, double now)
{
    struct rog_peer *peer = &server->peers[worker];
    struct rog_server_notice notice = {.kind = ROG_SERVER_ADMITTED,
                                       .worker = worker,
                                       .iteration = peer->iteration,
                                       .oldest = rog_versions_oldest(&server->versions),
                                       .needed = peer->wait.quorum ? 0 : peer->wait.needed_max,
                                       .now = now};
    peer->phase = ROG_PEER_ADMITTED;
    server->granted[worker] = 1;
    notice.granted = granted_count(server);
    report_others(server, &notice);
    rog_server_notify(server, &notice);
}

void rog_grants_ready(struct rog_server *server, uint32_t worker, double now)
{
    if (!server->strategy->grant) {
        admit(server, worker, now);
        return;
    }
    server->peers[worker].phase = ROG_PEER_READY;
    server->ready[server->ready_count++] = worker;
}

void rog_grants_leave(struct rog_server *server, uint32_t worker)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < server->ready_count; i++)
        if (server->ready[i] != worker)
            server->ready[kept++] = server->ready[i];
    server->ready_count = kept;
}

void rog_grants_give(struct rog_server *server, double now)
{
    while (server->ready_count > 0) {
        struct rog_grant grant = {.next = ROG_NOBODY};
        struct rog_grant_view view = {.now = now,
                                      .waiting = server->ready,
                                      .waiting_count = server->ready_count,
                                      .granted_count = granted_count(server),
                                      .granted = server->granted,
                                      .goodput = server->goodput,
                                      .nodes = server->nodes};
        rog_versions_view(&server->versions, &view.versions);
        server->strategy->grant(server->state, &server->policy, &view, &grant);
        if (grant.next >= server->policy.workers ||
            server->peers[grant.next].phase != ROG_PEER_READY)
            return;
        rog_grants_leave(server, grant.next);
        admit(server, grant.next, now);
    }
}

uint32_t rog_grants_holder(const struct rog_server *server, uint32_t worker)
{
    for (uint32_t i = 0; i < server->policy.workers; i++)
        if (server->granted[i])
            return i;
    return worker;
}

/* Archives the workers that wait for a grant, each once. */
void rog_grants_archive(struct rog_server *server, struct rog_archive *archive)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < server->policy.workers; i++) {
        enum rog_peer_phase phase = server->peers[i].phase;
        waiting += phase == ROG_PEER_READY;
        server->granted[i] = phase == ROG_PEER_ADMITTED || phase == ROG_PEER_PULLING;
    }
    if (!server->strategy->grant && waiting > 0)
        rog_archive_refuse(archive, "a worker waits for a grant that never comes");
    for (uint32_t i = 0; i < waiting && !rog_archive_failed(archive); i++) {
        rog_archive_number(archive, &server->ready[i], server->policy.workers - 1,
                           "a worker that waits for a grant");
        bool twice = server->peers[server->ready[i]].phase != ROG_PEER_READY;
        for (uint32_t k = 0; k < i; k++)
            twice |= server->ready[k] == server->ready[i];
        if (twice)
            rog_archive_refuse(archive, "who waits for a grant");
    }
    server->ready_count = waiting;
}
