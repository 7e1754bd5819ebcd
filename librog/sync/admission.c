/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which workers may continue, how long the others wait, and which rows are demanded for
 * them. */
#include <librog/sync/server_state.h>

#include <math.h>
#include <string.h>

/*
 * The strategy is asked once for each pull, and again when a deadline that it set has passed; its
 * last answer holds until the pull begins. One iteration of all N workers costs at most O(N^2)
 * comparisons, independent of the number of rows (wait.h).
 */

/* Shortest time between two questions about the same worker, s */
#define SHORTEST_WAIT_S 1e-3

/* ---- deadlines ---- */

static void find_deadline(struct rog_server *server)
{
    server->deadline_s = (double)INFINITY;
    for (uint32_t i = 0; i < server->stalled_count; i++)
        server->deadline_s =
            fmin(server->deadline_s, server->peers[server->stalled[i]].wait.deadline_s);
}

double rog_server_deadline(const struct rog_server *server)
{
    return server->deadline_s;
}

/* ---- waiting workers ---- */

/* All conditions of this worker's wait are met. */
static void release(struct rog_server *server, uint32_t worker, double now)
{
    struct rog_peer *peer = &server->peers[worker];
    rog_wait_forget(&peer->wait);
    if (isfinite(peer->wait.deadline_s))
        find_deadline(server);
    rog_grants_ready(server, worker, now);
}

void rog_admission_advance(struct rog_server *server, uint32_t worker, double now)
{
    uint32_t count = server->stalled_count, kept = 0, moved = 0, ready = 0;
    uint32_t *const list = server->stalled;
    for (uint32_t i = 0; i < count; i++) {
        struct rog_wait *wait = &server->peers[list[i]].wait;
        uint32_t watched = wait->watched;
        if (!rog_wait_concerns(wait, &server->versions, worker))
            list[kept++] = list[i];
        else if (!rog_wait_must(wait, &server->versions, worker))
            server->moved[server->policy.workers - ++ready] = list[i];
        else if (wait->watched == watched)
            list[kept++] = list[i];
        else /* behind the workers that watch the same worker already */
            server->moved[moved++] = list[i];
    }
    memcpy(list + kept, server->moved, moved * sizeof *list);
    server->stalled_count = kept + moved;
    for (uint32_t i = 0; i < ready; i++)
        release(server, server->moved[server->policy.workers - 1 - i], now);
    rog_grants_give(server, now);
}

/* Removes a worker from the list of stalled workers. */
static void leave_stalled(struct rog_server *server, uint32_t worker)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < server->stalled_count; i++)
        if (server->stalled[i] != worker)
            server->stalled[kept++] = server->stalled[i];
    server->stalled_count = kept;
}

void rog_admission_join(struct rog_server *server, uint32_t worker, double now)
{
    for (uint32_t i = 0; i < server->policy.workers; i++) {
        struct rog_wait *wait = &server->peers[i].wait;
        if (server->peers[i].phase != ROG_PEER_STALLED)
            continue;
        if (!wait->quorum) {
            if (worker < wait->watched && !rog_wait_has(wait, &server->versions, worker))
                wait->watched = worker;
        } else if (!rog_wait_must(wait, &server->versions, 0)) { /* completes a quorum */
            leave_stalled(server, i);
            release(server, i, now);
        }
    }
    rog_grants_give(server, now);
}

void rog_admission_drop(struct rog_server *server, uint32_t worker)
{
    struct rog_peer *peer = &server->peers[worker];
    if (peer->phase == ROG_PEER_STALLED)
        leave_stalled(server, worker);
    if (peer->phase == ROG_PEER_READY)
        rog_grants_leave(server, worker);
    server->granted[worker] = 0;
    rog_wait_forget(&peer->wait);
    find_deadline(server);
}

/* ---- asking the strategy ---- */

/* Demands the rows of `worker` that are older than `version` and have not been demanded before. */
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

/* Stores an answer of the strategy; *stalls: whether the worker has to wait. */
static int keep_answer(struct rog_server *server, uint32_t worker,
                       const struct rog_admission *answer, double now, bool *stalls,
                       struct rog_error *err)
{
    struct rog_wait *wait = &server->peers[worker].wait;
    const char *name = server->strategy->name;
    uint32_t workers = server->policy.workers;
    if (answer->quorum > workers)
        return rog_fail(err, ROG_EINVAL,
                        "strategy %s makes worker %u wait for %u workers, but there are %u", name,
                        worker + 1, answer->quorum, workers);
    for (uint32_t j = 0; j < workers; j++)
        server->conditions[j] =
            (struct rog_condition){.needed = answer->needed[j], .iteration = answer->iteration[j]};
    int code = rog_wait_keep(wait, &server->versions, server->conditions, err);
    if (code)
        return code;
    wait->quorum = answer->quorum < workers ? answer->quorum : 0;
    *stalls = rog_wait_must(wait, &server->versions, 0);
    if (isnan(answer->deadline_s) || (*stalls && answer->deadline_s <= now))
        return rog_fail(err, ROG_EINVAL,
                        "strategy %s makes worker %u wait until %g s, but it is %g s already", name,
                        worker + 1, answer->deadline_s, now);
    wait->deadline_s = fmax(answer->deadline_s, now + SHORTEST_WAIT_S);
    return 0;
}

static int ask_strategy(struct rog_server *server, uint32_t worker, bool again, double now,
                        bool *stalls, struct rog_error *err)
{
    const struct rog_peer *peer = &server->peers[worker];
    struct rog_admit_view view = {.worker = worker,
                                  .iteration = peer->iteration,
                                  .now = now,
                                  .nodes = server->nodes,
                                  .again = again,
                                  .waited_s = again ? now - peer->wait.since_s : 0};
    struct rog_admission answer = {.needed = server->needed,
                                   .iteration = server->needed + server->policy.workers,
                                   .deadline_s = (double)INFINITY};
    rog_versions_view(&server->versions, &view.versions);
    memset(server->needed, 0, 2 * (size_t)server->policy.workers * sizeof *server->needed);
    server->strategy->admit(server->state, &server->policy, &view, &answer);
    int code = rog_server_check_strategy(server, err);
    return code ? code : keep_answer(server, worker, &answer, now, stalls, err);
}

static void notify_stalled(struct rog_server *server, uint32_t worker, uint32_t blocker,
                           uint32_t version, double now)
{
    rog_server_notify(server,
                      &(struct rog_server_notice){.kind = ROG_SERVER_STALLED,
                                                  .worker = worker,
                                                  .iteration = server->peers[worker].iteration,
                                                  .blocker = blocker,
                                                  .needed = version,
                                                  .now = now});
}

/* Demands the needed rows from each worker that this one waits for, if it has finished the
 * iteration that they need. */
static void demand_needed(struct rog_server *server, const struct rog_wait *wait, double now)
{
    for (uint32_t j = 0; j < server->policy.workers; j++) {
        uint32_t needed = rog_wait_needed(wait, j);
        if (server->versions.active[j] && needed > server->versions.oldest[j] &&
            server->versions.latest[j] >= needed)
            demand(server, j, needed, now);
    }
}

/* Demands the rows of this worker that others wait for and that it can send from now on. */
static void demand_for_others(struct rog_server *server, uint32_t worker, double now)
{
    uint32_t latest = server->versions.latest[worker], version = 0;
    for (uint32_t i = 0; i < server->stalled_count; i++) {
        uint32_t needed = rog_wait_needed(&server->peers[server->stalled[i]].wait, worker);
        if (needed <= latest && needed > version)
            version = needed;
    }
    if (version > server->versions.oldest[worker])
        demand(server, worker, version, now);
}

/* A worker begins to stall. */
static void stall(struct rog_server *server, uint32_t worker, double now)
{
    struct rog_peer *peer = &server->peers[worker];
    uint32_t blocker = rog_wait_first(&peer->wait, &server->versions, 0);
    uint32_t version =
        peer->wait.needed_max ? peer->wait.needed_max : rog_wait_iteration(&peer->wait, blocker);
    peer->phase = ROG_PEER_STALLED;
    server->stalled[server->stalled_count++] = worker;
    server->deadline_s = fmin(server->deadline_s, peer->wait.deadline_s);
    notify_stalled(server, worker, blocker, version, now);
    demand_needed(server, &peer->wait, now);
}

int rog_admission_pushed(struct rog_server *server, uint32_t worker, double now,
                         struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    bool stalls;
    rog_admission_advance(server, worker, now);
    demand_for_others(server, worker, now);
    peer->wait.since_s = now;
    int code = ask_strategy(server, worker, false, now, &stalls, err);
    if (code)
        return code;
    if (stalls) {
        stall(server, worker, now);
        return 0;
    }
    rog_wait_forget(&peer->wait);
    rog_grants_ready(server, worker, now);
    rog_grants_give(server, now);
    if (peer->phase == ROG_PEER_READY)
        notify_stalled(server, worker, rog_grants_holder(server, worker), peer->wait.needed_max,
                       now);
    return 0;
}

/* The deadline that the strategy set for a stalled worker has passed. */
static int ask_again(struct rog_server *server, uint32_t worker, double now, struct rog_error *err)
{
    struct rog_wait *wait = &server->peers[worker].wait;
    bool stalls;
    int code = ask_strategy(server, worker, true, now, &stalls, err);
    if (code)
        return code;
    if (stalls) {
        demand_needed(server, wait, now);
        return 0;
    }
    leave_stalled(server, worker);
    release(server, worker, now);
    return 0;
}

int rog_server_tick(struct rog_server *server, double now, struct rog_error *err)
{
    if (now < server->deadline_s)
        return 0;
    int code = rog_server_reserve_notices(server, err);
    for (uint32_t i = 0; i < server->policy.workers && !code; i++) {
        const struct rog_peer *peer = &server->peers[i];
        if (peer->phase != ROG_PEER_STALLED || peer->wait.deadline_s > now)
            continue;
        code = ask_again(server, i, now, err);
        if (!code)
            code = rog_server_reserve_notices(server, err);
    }
    find_deadline(server);
    if (!code)
        rog_grants_give(server, now);
    return code ? code : rog_server_check_strategy(server, err);
}

/* ---- archive ---- */

/* Archives the stalled workers, each once, in their order. */
static void archive_stalled(struct rog_server *server, struct rog_archive *archive)
{
    uint32_t workers = server->policy.workers, stalled = 0;
    for (uint32_t i = 0; i < workers; i++)
        stalled += server->peers[i].phase == ROG_PEER_STALLED;
    for (uint32_t i = 0; i < stalled && !rog_archive_failed(archive); i++) {
        rog_archive_number(archive, &server->stalled[i], workers - 1, "a worker that waits");
        const struct rog_peer *peer = &server->peers[server->stalled[i]];
        bool twice = peer->phase != ROG_PEER_STALLED;
        for (uint32_t k = 0; k < i; k++)
            twice |= server->stalled[k] == server->stalled[i];
        if (twice || !rog_wait_is_sound(&peer->wait, &server->versions))
            rog_archive_refuse(archive, "who waits for whom");
    }
    server->stalled_count = stalled;
    find_deadline(server);
}

void rog_admission_archive(struct rog_server *server, struct rog_archive *archive)
{
    for (uint32_t i = 0; i < server->policy.workers; i++) {
        struct rog_peer *peer = &server->peers[i];
        if (peer->phase == ROG_PEER_STALLED || peer->phase == ROG_PEER_READY)
            rog_wait_archive(&peer->wait, server->policy.workers, archive);
    }
    rog_grants_archive(server, archive);
    if (!rog_archive_failed(archive))
        archive_stalled(server, archive);
}
