/* SPDX-License-Identifier: Apache-2.0 */
/* The server's half of the protocol: creation, joining and leaving workers, and the state beside
 * checkpoints. */
#include <librog/sync/server.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <librog/kernels/kernels.h>
#include <librog/sync/message.h>
#include <librog/sync/server_state.h>

/* ---- creation and release ---- */

/* Allocates W - start, all 0. */
static int make_change(const struct rog_rows *rows, float **change, struct rog_error *err)
{
    *change = rog_floats(rows->params);
    if (!*change)
        return rog_fail_nomem(err);
    memset(*change, 0, rows->params * sizeof **change);
    return 0;
}

static int make_peer(struct rog_server *server, struct rog_peer *peer, struct rog_error *err)
{
    const struct rog_rows *rows = server->rows;
    peer->incoming_scale = malloc(rows->tensor_count * sizeof *peer->incoming_scale);
    peer->pull_scale = calloc(rows->tensor_count, sizeof *peer->pull_scale);
    peer->seen = calloc(rows->row_count, sizeof *peer->seen);
    if (!peer->incoming_scale || !peer->pull_scale || !peer->seen)
        return rog_fail_nomem(err);
    int code = rog_rounds_init(server, peer, err);
    if (!code && server->start)
        code = make_change(rows, &peer->held, err);
    if (!code && server->start)
        code = rog_way_memory(&rows->way[ROG_ROWS_PULL], &peer->memory, err);
    return code;
}

int rog_server_reserve_notices(struct rog_server *server, struct rog_error *err)
{
    /* One call can admit each stalled worker, demand rows of each, and cause few other notices.
     * Notices of leaving workers must fit as well, because leaving cannot fail. */
    size_t room = server->notice_count + 4 * ((size_t)server->policy.workers + 2);
    if (server->notice_first > 0) {
        memmove(server->notices, server->notices + server->notice_first,
                server->notice_count * sizeof *server->notices);
        server->notice_first = 0;
    }
    if (room <= server->notice_room)
        return 0;
    struct rog_server_notice *notices =
        realloc(server->notices, 2 * room * sizeof *server->notices);
    if (!notices)
        return rog_fail_nomem(err);
    server->notices = notices;
    server->notice_room = 2 * room;
    return 0;
}

/* Returns the largest number of elements that are encoded at once. */
static size_t longest_difference(const struct rog_rows *rows)
{
    size_t longest = rows->way[ROG_ROWS_PULL].whole ? rows->params : 0;
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        if (rows->tensors[i].row_size > longest)
            longest = rows->tensors[i].row_size;
    return longest;
}

static int build(struct rog_server *server, const struct rog_server_config *config,
                 struct rog_error *err)
{
    const struct rog_rows *rows = server->rows;
    uint32_t workers = server->policy.workers;
    int code = rog_versions_init(&server->versions, rows->row_count, workers, err);
    if (!code)
        code = rog_transmissions_init(&server->transmissions, workers, err);
    if (!code)
        code = rog_set_init(&server->picked, rows->row_count, err);
    if (!code)
        code = rog_set_init(&server->all_tensors, rows->tensor_count, err);
    if (!code)
        code = rog_set_init(&server->no_tensors, rows->tensor_count, err);
    if (code)
        return code;
    rog_set_fill(&server->all_tensors);

    server->least_bytes = rog_message_min_bytes(rows);
    if (server->start) {
        server->difference = malloc(longest_difference(rows) * sizeof *server->difference);
        server->scratch = malloc(rog_rows_scratch_bytes(rows) + 1);
        if (!server->difference || !server->scratch)
            return rog_fail_nomem(err);
    }
    server->list = malloc(rows->row_count * sizeof *server->list);
    server->merged = calloc(rows->row_count, sizeof *server->merged);
    server->peers = calloc(workers, sizeof *server->peers);
    server->stalled = calloc(workers, sizeof *server->stalled);
    server->moved = calloc(workers, sizeof *server->moved);
    server->needed = calloc(workers, 2 * sizeof *server->needed);
    server->conditions = calloc(workers, sizeof *server->conditions);
    server->deadline_s = (double)INFINITY;
    server->ready = calloc(workers, sizeof *server->ready);
    server->granted = calloc(workers, sizeof *server->granted);
    server->goodput = calloc(workers, sizeof *server->goodput);
    server->nodes = calloc(workers, sizeof *server->nodes);
    if (!server->ready || !server->granted || !server->goodput || !server->nodes)
        return rog_fail_nomem(err);
    if (!server->list || !server->merged || !server->peers || !server->stalled || !server->moved ||
        !server->needed || !server->conditions)
        return rog_fail_nomem(err);
    if (server->start)
        code = make_change(rows, &server->change, err);
    if (!code)
        code =
            rog_server_update_init(&server->update, config->optimizer, config->optimizer_parameters,
                                   rows, workers, server->start, err);
    for (uint32_t i = 0; i < workers && !code; i++) {
        rog_node_init(&server->nodes[i]);
        code = make_peer(server, &server->peers[i], err);
    }
    if (!code)
        code = rog_server_reserve_notices(server, err);
    if (!code && server->start)
        code = rog_average_init(&server->average, config->average, rows->params, err);
    if (!code)
        code = rog_strategy_start(server->strategy, &server->policy, &server->state, err);
    return code;
}

int rog_server_new(struct rog_server **out, const struct rog_server_config *config, float *start,
                   struct rog_error *err)
{
    *out = NULL;
    if (config->policy.rows != config->rows->row_count || config->policy.workers == 0)
        return rog_fail(err, ROG_EINVAL,
                        "a strategy for %u rows and %u workers, but the model has %u rows",
                        config->policy.rows, config->policy.workers, config->rows->row_count);
    struct rog_server *server = calloc(1, sizeof *server);
    if (!server)
        return rog_fail_nomem(err);
    server->rows = config->rows;
    server->strategy = config->strategy;
    server->policy = config->policy;
    server->policy.model = &config->rows->model;
    server->policy.worker = ROG_NOBODY;
    server->start = start;
    server->magnitudes = config->magnitudes;
    int code = build(server, config, err);
    if (code)
        rog_server_free(server);
    else
        *out = server;
    return code;
}

void rog_server_free(struct rog_server *server)
{
    if (!server)
        return;
    rog_strategy_stop(server->strategy, server->state);
    for (uint32_t i = 0; server->peers && i < server->policy.workers; i++) {
        struct rog_peer *peer = &server->peers[i];
        rog_sending_release(&peer->sending);
        rog_rounds_release(peer);
        free(peer->incoming_scale);
        free(peer->pull_scale);
        rog_wait_forget(&peer->wait);
        free(peer->memory);
        free(peer->held);
        free(peer->seen);
    }
    rog_average_release(&server->average);
    rog_server_update_release(&server->update);
    rog_set_release(&server->no_tensors);
    rog_set_release(&server->all_tensors);
    rog_set_release(&server->picked);
    rog_transmissions_release(&server->transmissions);
    rog_versions_release(&server->versions);
    free(server->change);
    free(server->notices);
    free(server->nodes);
    free(server->goodput);
    free(server->granted);
    free(server->ready);
    free(server->conditions);
    free(server->needed);
    free(server->moved);
    free(server->stalled);
    free(server->peers);
    free(server->merged);
    free(server->list);
    free(server->scratch);
    free(server->difference);
    free(server);
}

/* ---- notices ---- */

void rog_server_notify(struct rog_server *server, const struct rog_server_notice *notice)
{
    server->notices[server->notice_first + server->notice_count++] = *notice;
}

bool rog_server_notice(struct rog_server *server, struct rog_server_notice *notice)
{
    if (server->notice_count == 0)
        return false;
    *notice = server->notices[server->notice_first++];
    if (--server->notice_count == 0)
        server->notice_first = 0;
    return true;
}

void rog_server_notify_rows(struct rog_server *server, enum rog_server_notice_kind kind,
                            uint32_t worker, uint32_t rows, double now)
{
    rog_server_notify(server,
                      &(struct rog_server_notice){.kind = kind,
                                                  .worker = worker,
                                                  .iteration = server->peers[worker].iteration,
                                                  .rows = rows,
                                                  .now = now});
}

/* ---- joining and leaving ---- */

uint32_t rog_server_active(const struct rog_server *server)
{
    uint32_t active = 0;
    for (uint32_t i = 0; i < server->policy.workers; i++)
        active += server->versions.active[i] != 0;
    return active;
}

int rog_server_check_strategy(const struct rog_server *server, struct rog_error *err)
{
    return rog_strategy_check(server->strategy, server->state, &server->policy, err);
}

int rog_server_check_peer(const struct rog_server *server, uint32_t worker, struct rog_error *err)
{
    if (worker >= server->policy.workers)
        return rog_fail(err, ROG_EINVAL, "no worker has rank %u; ranks are 1 to %u", worker,
                        server->policy.workers);
    if (!server->versions.active[worker])
        return rog_fail(err, ROG_EINVAL, "worker %u has left", worker);
    return 0;
}

void rog_server_hold(struct rog_server *server, uint32_t worker, bool held)
{
    server->peers[worker].is_held = held;
}

void rog_server_set_ways(struct rog_server *server, uint32_t worker,
                         const struct rog_server_ways *ways)
{
    server->peers[worker].ways = *ways;
}

double rog_server_budget_s(const struct rog_server *server, uint32_t worker)
{
    const struct rog_peer *peer = &server->peers[worker];
    return peer->phase == ROG_PEER_PULLING ? peer->sending.budget_s : 0;
}

void rog_server_leave(struct rog_server *server, uint32_t worker, double now)
{
    if (worker >= server->policy.workers || !server->versions.active[worker])
        return;
    struct rog_peer *peer = &server->peers[worker];
    rog_admission_drop(server, worker);
    rog_sending_release(&peer->sending);
    peer->is_planned = peer->is_expected = false;
    peer->phase = ROG_PEER_COMPUTING;
    peer->incoming = ROG_WIRE_NONE;
    rog_rounds_left(server, peer);
    server->versions.active[worker] = 0;
    rog_rounds_settle(server);
    rog_transmissions_leave(&server->transmissions, worker);
    rog_admission_advance(server, worker, now);
}

/* Returns the iteration after which a joining worker continues. */
static uint32_t joining_iteration(const struct rog_server *server)
{
    uint32_t slowest = UINT32_MAX;
    for (uint32_t i = 0; i < server->policy.workers; i++)
        if (server->versions.active[i] && server->versions.latest[i] < slowest)
            slowest = server->versions.latest[i];
    return slowest == UINT32_MAX ? server->iteration : slowest;
}

/* The worker receives the model, whose values are floats: what this rounds off must still be
 * sent. */
static void hold_model(const struct rog_server *server, struct rog_peer *peer)
{
    for (uint64_t i = 0; i < server->rows->params; i++) {
        float value = server->start[i] + server->change[i];
        peer->held[i] = value - server->start[i];
    }
}

int rog_server_join(struct rog_server *server, uint32_t worker, double now, uint32_t *iteration,
                    struct rog_error *err)
{
    if (worker >= server->policy.workers)
        return rog_fail(err, ROG_EINVAL, "no worker has rank %u; ranks are 1 to %u", worker,
                        server->policy.workers);
    int code = rog_server_reserve_notices(server, err);
    if (code)
        return code;
    struct rog_peer *peer = &server->peers[worker];
    bool is_expected = peer->is_expected; /* it has not left: others wait for it */
    if (!is_expected)
        rog_server_leave(server, worker, now);
    *iteration = is_expected ? peer->iteration : joining_iteration(server);
    peer->is_expected = false;
    peer->iteration = *iteration;
    peer->turn_began_s = now;
    peer->weight = 1;
    peer->asked = peer->requested = peer->requesting = *iteration;
    peer->request_row = 0;
    memcpy(peer->seen, server->merged, server->rows->row_count * sizeof *peer->seen);
    if (server->start)
        hold_model(server, peer);
    if (peer->memory)
        memset(peer->memory, 0,
               server->rows->way[ROG_ROWS_PULL].memory_floats * sizeof *peer->memory);
    server->goodput[worker] = 0;
    rog_node_init(&server->nodes[worker]);
    peer->pushes_seen = server->pushes;
    peer->steps_seen = server->update.steps;
    if (!is_expected) {
        rog_versions_join(&server->versions, worker, *iteration);
        rog_transmissions_join(&server->transmissions, worker);
        rog_admission_join(server, worker, now);
    }
    return rog_server_check_strategy(server, err);
}

void rog_server_resume(struct rog_server *server, uint32_t iteration)
{
    for (uint32_t i = 0; i < server->policy.workers; i++)
        rog_server_leave(server, i, 0);
    server->iteration = iteration;
}

uint32_t rog_server_goes_on_after(const struct rog_server *server, uint32_t worker)
{
    const struct rog_peer *peer = &server->peers[worker];
    bool is_repeated = peer->phase == ROG_PEER_PUSHING || peer->phase == ROG_PEER_STALLED ||
                       peer->phase == ROG_PEER_READY;
    return server->versions.active[worker] ? peer->iteration - is_repeated : ROG_SERVER_AWAY;
}

void rog_server_expect(struct rog_server *server, uint32_t worker, uint32_t iteration)
{
    struct rog_peer *peer = &server->peers[worker];
    peer->is_expected = true;
    peer->iteration = iteration;
    rog_versions_join(&server->versions, worker, iteration);
    rog_transmissions_join(&server->transmissions, worker);
}

/* ---- checkpoints and queries ---- */

const char *rog_server_optimizer_name(const struct rog_server *server)
{
    return server->update.optimizer->name;
}

size_t rog_server_state_bytes(const struct rog_server *server)
{
    return rog_average_bytes(&server->average) + rog_server_update_bytes(&server->update);
}

void rog_server_save(const struct rog_server *server, uint8_t *bytes)
{
    rog_average_save(&server->average, server->start, server->change, bytes);
    rog_server_update_save(&server->update, bytes + rog_average_bytes(&server->average));
}

int rog_server_load(struct rog_server *server, const uint8_t *bytes, size_t size,
                    struct rog_error *err)
{
    size_t model = rog_average_bytes(&server->average);
    if (size < model)
        return rog_fail(err, ROG_EFORMAT,
                        "%zu bytes for the average of the model, but the model has more", size);
    int code =
        rog_server_update_load(&server->update, model ? bytes + model : bytes, size - model, err);
    if (!code)
        rog_average_load(&server->average, server->start, bytes);
    return code;
}

void rog_server_versions(const struct rog_server *server, struct rog_version_view *view)
{
    rog_versions_view(&server->versions, view);
}

const float *rog_server_change(const struct rog_server *server)
{
    return server->change;
}

const float *rog_server_saved_change(const struct rog_server *server)
{
    return rog_average_is_kept(&server->average) ? server->average.values : server->change;
}

const float *rog_server_held(const struct rog_server *server, uint32_t worker)
{
    return server->peers[worker].held;
}

void rog_server_end(struct rog_server *server)
{
    if (!server->start)
        return;
    rog_kernel_add(server->start, server->change, server->rows->params);
    rog_average_rebase(&server->average, server->change);
    memset(server->change, 0, server->rows->params * sizeof *server->change);
}

uint32_t rog_server_iteration(const struct rog_server *server)
{
    return server->iteration;
}
