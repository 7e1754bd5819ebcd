/* SPDX-License-Identifier: Apache-2.0 */
/* Which workers may go on, and which rows are demanded for those that may not. */
#include <librog/sync/server_state.h>

#include <stdlib.h>
#include <string.h>

/*
 * Who may go on. The strategy is asked once for each pull; what it answered holds until the pull
 * begins. A stalled worker watches the first worker that it waits for; when that one is old enough,
 * it looks for the next. Versions only rise, so it never has to look back, and one iteration of all
 * N workers costs O(N^2) comparisons at worst, whatever the number of rows. Only a worker that
 * comes back begins with older rows than it had: those who wait for these watch it from then on.
 */

static uint32_t needed_of(const struct rog_peer *peer, uint32_t worker)
{
    return peer->needed ? peer->needed[worker] : peer->needed_of_all;
}

static bool waits_for(const struct rog_server *server, const struct rog_peer *peer, uint32_t worker)
{
    return server->versions.active[worker] &&
           needed_of(peer, worker) > server->versions.oldest[worker];
}

static void watch(struct rog_server *server, uint32_t worker, uint32_t watched)
{
    struct rog_watchers *watchers = &server->watchers[watched];
    server->peers[worker].watched = watched;
    server->peers[worker].next_watcher = ROG_NOBODY;
    if (watchers->first == ROG_NOBODY)
        watchers->first = worker;
    else
        server->peers[watchers->last].next_watcher = worker;
    watchers->last = worker;
}

static void unwatch(struct rog_server *server, uint32_t worker)
{
    struct rog_watchers *watchers = &server->watchers[server->peers[worker].watched];
    uint32_t before = ROG_NOBODY;
    for (uint32_t i = watchers->first; i != worker; i = server->peers[i].next_watcher)
        before = i;
    uint32_t after = server->peers[worker].next_watcher;
    if (before == ROG_NOBODY)
        watchers->first = after;
    else
        server->peers[before].next_watcher = after;
    if (after == ROG_NOBODY)
        watchers->last = before;
}

static uint32_t granted_count(const struct rog_server *server)
{
    uint32_t count = 0;
    for (uint32_t i = 0; server->strategy->grant && i < server->policy.workers; i++)
        count += server->granted[i];
    return count;
}

static void admit(struct rog_server *server, uint32_t worker, double now)
{
    struct rog_peer *peer = &server->peers[worker];
    free(peer->needed);
    peer->needed = NULL;
    peer->phase = ROG_PEER_ADMITTED;
    server->granted[worker] = 1;
    rog_server_notify(server,
                      &(struct rog_server_notice){.kind = ROG_SERVER_ADMITTED,
                                                  .worker = worker,
                                                  .iteration = peer->iteration,
                                                  .oldest = rog_versions_oldest(&server->versions),
                                                  .needed = peer->needed_max,
                                                  .granted = granted_count(server),
                                                  .now = now});
}

/* All versions that the worker waits for are there. */
static void make_ready(struct rog_server *server, uint32_t worker, double now)
{
    if (!server->strategy->grant) {
        admit(server, worker, now);
        return;
    }
    server->peers[worker].phase = ROG_PEER_READY;
    server->ready[server->ready_count++] = worker;
}

/* A worker waits for a grant no more. */
static void leave_ready(struct rog_server *server, uint32_t worker)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < server->ready_count; i++)
        if (server->ready[i] != worker)
            server->ready[kept++] = server->ready[i];
    server->ready_count = kept;
}

void rog_admission_grant(struct rog_server *server, double now)
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
        leave_ready(server, grant.next);
        admit(server, grant.next, now);
    }
}

/* Looks for the next worker to wait for from `from` on; where there is none, the worker may go on.
 */
static void settle(struct rog_server *server, uint32_t worker, uint32_t from, double now)
{
    const struct rog_peer *peer = &server->peers[worker];
    for (uint32_t j = from; j < server->policy.workers; j++) {
        if (waits_for(server, peer, j)) {
            watch(server, worker, j);
            return;
        }
    }
    make_ready(server, worker, now);
}

/* Asks `worker` for its rows older than `version`, those not asked for before. */
static void demand(struct rog_server *server, uint32_t worker, uint32_t version, double now)
{
    struct rog_peer *peer = &server->peers[worker];
    if (version <= peer->asked)
        return;
    const uint32_t *own = server->versions.version + (uint64_t)worker * server->rows->row_count;
    uint32_t rows = 0;
    for (uint32_t row = 0; row < server->rows->row_count; row++)
        rows += own[row] >= peer->asked && own[row] < version;
    peer->asked = version;
    if (rows == 0)
        return;
    rog_server_notify(server, &(struct rog_server_notice){.kind = ROG_SERVER_DEMANDED,
                                                          .worker = worker,
                                                          .iteration = peer->iteration,
                                                          .rows = rows,
                                                          .version = version,
                                                          .now = now});
}

/* Keeps the strategy's answer, as one number where it is the same for all active workers. */
static int keep_needed(struct rog_server *server, struct rog_peer *peer, struct rog_error *err)
{
    const uint32_t *needed = server->needed;
    uint32_t most = 0, least = UINT32_MAX;
    for (uint32_t j = 0; j < server->policy.workers; j++) {
        if (!server->versions.active[j])
            continue;
        most = needed[j] > most ? needed[j] : most;
        least = needed[j] < least ? needed[j] : least;
    }
    peer->needed_of_all = most;
    peer->needed_max = most;
    if (most == least)
        return 0;
    peer->needed = malloc(server->policy.workers * sizeof *peer->needed);
    if (!peer->needed)
        return rog_fail_nomem(err);
    memcpy(peer->needed, needed, server->policy.workers * sizeof *peer->needed);
    return 0;
}

static int ask_strategy(struct rog_server *server, uint32_t worker, double now,
                        struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    struct rog_admit_view view = {.worker = worker, .iteration = peer->iteration, .now = now};
    rog_versions_view(&server->versions, &view.versions);
    memset(server->needed, 0, server->policy.workers * sizeof *server->needed);
    server->strategy->admit(server->state, &server->policy, &view,
                            &(struct rog_admission){.needed = server->needed});
    return keep_needed(server, peer, err);
}

static void notify_stalled(struct rog_server *server, uint32_t worker, uint32_t blocker, double now)
{
    const struct rog_peer *peer = &server->peers[worker];
    rog_server_notify(server, &(struct rog_server_notice){.kind = ROG_SERVER_STALLED,
                                                          .worker = worker,
                                                          .iteration = peer->iteration,
                                                          .blocker = blocker,
                                                          .needed = peer->needed_max,
                                                          .now = now});
}

/* Who is in the way of one that waits for a grant: the first that has one, else itself. */
static uint32_t first_granted(const struct rog_server *server, uint32_t worker)
{
    for (uint32_t i = 0; i < server->policy.workers; i++)
        if (server->granted[i])
            return i;
    return worker;
}

int rog_admission_pushed(struct rog_server *server, uint32_t worker, double now,
                         struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    uint32_t latest = server->versions.latest[worker];

    /* Others may wait for rows that this worker can be asked for from now on. */
    uint32_t version = 0;
    for (uint32_t i = 0; i < server->policy.workers; i++) {
        if (server->peers[i].phase != ROG_PEER_STALLED)
            continue;
        uint32_t needed = needed_of(&server->peers[i], worker);
        if (needed <= latest && needed > version)
            version = needed;
    }
    if (version > server->versions.oldest[worker])
        demand(server, worker, version, now);

    int code = ask_strategy(server, worker, now, err);
    if (code)
        return code;
    peer->phase = ROG_PEER_STALLED;
    uint32_t blocker = ROG_NOBODY;
    for (uint32_t j = 0; j < server->policy.workers; j++) {
        if (!waits_for(server, peer, j))
            continue;
        if (blocker == ROG_NOBODY) {
            blocker = j;
            notify_stalled(server, worker, j, now);
        }
        if (server->versions.latest[j] >= needed_of(peer, j))
            demand(server, j, needed_of(peer, j), now);
    }
    settle(server, worker, blocker == ROG_NOBODY ? server->policy.workers : blocker, now);
    rog_admission_grant(server, now);
    if (peer->phase == ROG_PEER_READY)
        notify_stalled(server, worker, first_granted(server, worker), now);
    return 0;
}

void rog_admission_advance(struct rog_server *server, uint32_t worker, double now)
{
    struct rog_watchers *watchers = &server->watchers[worker];
    uint32_t watcher = watchers->first;
    *watchers = (struct rog_watchers){.first = ROG_NOBODY, .last = ROG_NOBODY};
    while (watcher != ROG_NOBODY) {
        uint32_t next = server->peers[watcher].next_watcher;
        settle(server, watcher, worker, now);
        watcher = next;
    }
    rog_admission_grant(server, now);
}

void rog_admission_join(struct rog_server *server, uint32_t worker)
{
    for (uint32_t i = 0; i < server->policy.workers; i++) {
        const struct rog_peer *peer = &server->peers[i];
        if (peer->phase != ROG_PEER_STALLED || peer->watched <= worker ||
            !waits_for(server, peer, worker))
            continue;
        unwatch(server, i);
        watch(server, i, worker);
    }
}

void rog_admission_drop(struct rog_server *server, uint32_t worker)
{
    struct rog_peer *peer = &server->peers[worker];
    if (peer->phase == ROG_PEER_STALLED)
        unwatch(server, worker);
    if (peer->phase == ROG_PEER_READY)
        leave_ready(server, worker);
    server->granted[worker] = 0;
    free(peer->needed);
    peer->needed = NULL;
}

/* The versions that a stalled worker waits for. */
static void archive_needed(struct rog_server *server, struct rog_peer *peer,
                           struct rog_archive *archive)
{
    uint32_t workers = server->policy.workers;
    bool each = peer->needed != NULL;
    rog_archive_u32(archive, &peer->needed_of_all);
    rog_archive_u32(archive, &peer->needed_max);
    rog_archive_flag(archive, &each);
    if (each && archive->loading) {
        peer->needed = calloc(workers, sizeof *peer->needed);
        if (!peer->needed)
            rog_archive_nomem(archive);
    }
    if (each && !rog_archive_failed(archive))
        rog_archive_bytes(archive, peer->needed, workers * sizeof *peer->needed);
}

/* The workers that watch one, in their order. */
static void archive_watchers(struct rog_server *server, uint32_t watched,
                             struct rog_archive *archive)
{
    uint32_t count = 0, next = server->watchers[watched].first;
    for (uint32_t i = next; i != ROG_NOBODY; i = server->peers[i].next_watcher)
        count++;
    rog_archive_count(archive, &count, sizeof count, "workers that wait");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t worker = archive->loading ? 0 : next;
        rog_archive_number(archive, &worker, server->policy.workers - 1, "a worker that waits");
        struct rog_peer *peer = &server->peers[worker];
        next = peer->next_watcher;
        if (!archive->loading)
            continue;
        if (peer->phase != ROG_PEER_STALLED || peer->watched != ROG_NOBODY)
            rog_archive_refuse(archive, "who waits for whom");
        if (rog_archive_failed(archive))
            return;
        watch(server, worker, watched);
    }
}

/* Those that wait for a grant, each once. */
static void archive_ready(struct rog_server *server, struct rog_archive *archive)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < server->policy.workers; i++) {
        enum rog_peer_phase phase = server->peers[i].phase;
        waiting += phase == ROG_PEER_READY;
        server->granted[i] = phase == ROG_PEER_ADMITTED || phase == ROG_PEER_PULLING;
    }
    if (!server->strategy->grant && waiting > 0)
        rog_archive_refuse(archive, "a worker waits for a grant that nobody gives");
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

void rog_admission_archive(struct rog_server *server, struct rog_archive *archive)
{
    uint32_t workers = server->policy.workers, stalled = 0;
    for (uint32_t i = 0; i < workers; i++) {
        struct rog_peer *peer = &server->peers[i];
        if (archive->loading)
            peer->watched = ROG_NOBODY;
        if (peer->phase == ROG_PEER_STALLED || peer->phase == ROG_PEER_READY)
            archive_needed(server, peer, archive);
    }
    archive_ready(server, archive);
    for (uint32_t i = 0; i < workers && !rog_archive_failed(archive); i++)
        archive_watchers(server, i, archive);
    for (uint32_t i = 0; i < workers && archive->loading; i++)
        stalled +=
            server->peers[i].phase == ROG_PEER_STALLED && server->peers[i].watched == ROG_NOBODY;
    if (stalled)
        rog_archive_refuse(archive, "a worker waits for nobody");
}
