/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to workers: requests for rows, and pulls. */
#include <librog/sync/server_state.h>

#include <math.h>
#include <string.h>

#include <librog/kernels/kernels.h>
#include <librog/sync/message.h>
#include <librog/sync/prefetch.h>

static const struct rog_way *pull_way(const struct rog_server *server, const struct rog_peer *peer)
{
    return rog_rows_way(server->rows, ROG_ROWS_PULL, peer->iteration);
}

/* Picks rows for the next request: older than `requesting`, not requested before, from request_row
 * on, as many as fit. */
static void pick_requested(struct rog_server *server, uint32_t worker, size_t bytes)
{
    struct rog_peer *peer = &server->peers[worker];
    struct rog_wire_room room;
    rog_wire_room_init(&room, server->rows, pull_way(server, peer), bytes);
    rog_set_clear(&server->picked);
    for (; peer->request_row < server->rows->row_count; peer->request_row++) {
        uint32_t version = rog_versions_get(&server->versions, worker, peer->request_row);
        if (version < peer->requested || version >= peer->requesting)
            continue;
        if (!rog_wire_room_number(&room, peer->request_row))
            return;
        rog_set_add(&server->picked, peer->request_row);
    }
    peer->requested = peer->requesting;
    peer->request_row = 0;
}

/* Returns 0 if there is nothing to request. */
static size_t send_request(struct rog_server *server, uint32_t worker, uint8_t *buffer,
                           size_t bytes)
{
    struct rog_peer *peer = &server->peers[worker];
    if (peer->ways.asks_stalled_only && peer->phase != ROG_PEER_STALLED)
        return 0;
    rog_set_clear(&server->picked);
    while (peer->requested < peer->asked && server->picked.count == 0) {
        if (peer->request_row == 0)
            peer->requesting = peer->asked;
        pick_requested(server, worker, bytes);
    }
    struct rog_wire_header header = {.kind = ROG_WIRE_REQUEST,
                                     .stream = ROG_WIRE_NONE,
                                     .values = server->start != NULL,
                                     .iteration = peer->requesting};
    return server->picked.count > 0 ? rog_wire_put_numbers(buffer, &header, &server->picked) : 0;
}

/* Computes the scale of the whole model, if the codec has one. */
static int measure_whole(struct rog_server *server, uint32_t worker, struct rog_error *err)
{
    const struct rog_rows *rows = server->rows;
    struct rog_peer *peer = &server->peers[worker];
    const struct rog_way *way = pull_way(server, peer);
    if (!server->start || !way->whole)
        return 0;
    for (uint64_t i = 0; i < rows->params; i++)
        server->difference[i] = peer->held[i] - server->change[i];
    const struct rog_codec_whole whole = {
        .parameters = way->parameters,
        .iteration = peer->iteration,
        .seed = rog_coding_seed(rows, ROG_ROWS_PULL, worker, peer->iteration),
        .values = server->difference,
        .count = rows->params,
        .scratch = server->scratch};
    float scale = rog_codec_whole_scale(way->codec, &whole);
    if (!isfinite(scale))
        return rog_fail(
            err, ROG_EFAILED,
            "the model is not finite: the training has diverged; try a smaller learning rate");
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        peer->pull_scale[i] = scale;
    return 0;
}

/* Computes the ages and, in one pass, the magnitudes and scales of what the worker still has to
 * receive. */
static int measure_pull(struct rog_server *server, uint32_t worker,
                        struct rog_send_scratch *scratch, struct rog_error *err)
{
    const struct rog_rows *rows = server->rows;
    struct rog_peer *peer = &server->peers[worker];
    const struct rog_way *way = pull_way(server, peer);
    for (uint32_t row = 0; row < rows->row_count; row++)
        scratch->age[row] = server->merged[row] - peer->seen[row];
    for (uint32_t i = 0; server->start && i < rows->tensor_count; i++) {
        const struct rog_rows_tensor *tensor = &rows->tensors[i];
        double tensor_sum = 0;
        for (uint32_t k = 0; k < tensor->rows; k++) {
            uint64_t at = tensor->offset + (uint64_t)k * tensor->row_size;
            double sum =
                rog_kernel_difference(peer->held + at, server->change + at, tensor->row_size);
            scratch->magnitude[tensor->first_row + k] = (float)(sum / tensor->row_size);
            tensor_sum += sum;
        }
        if (!isfinite((float)(tensor_sum / (double)tensor->size)))
            return rog_fail(err, ROG_EFAILED,
                            "tensor %u%s%s of the model is not finite: the training has diverged; "
                            "try a smaller learning rate",
                            i, tensor->name ? ", " : "", tensor->name ? tensor->name : "");
        if (!way->whole)
            peer->pull_scale[i] = rog_codec_scale(way->codec, tensor_sum, tensor->size);
    }
    return measure_whole(server, worker, err);
}

/* Computes mean |w| of each row. */
static void weigh_rows(struct rog_server *server, float *weight)
{
    const struct rog_rows *rows = server->rows;
    for (uint32_t row = 0; row < rows->row_count; row++) {
        uint32_t size = rog_rows_size(rows, row);
        uint64_t at = rog_rows_offset(rows, row);
        weight[row] = 1;
        if (!server->start)
            continue;
        memcpy(server->difference, server->start + at, size * sizeof *server->difference);
        rog_kernel_add(server->difference, server->change + at, size);
        weight[row] = (float)(rog_kernel_absolute(server->difference, size) / size);
    }
}

static int plan_pull(struct rog_server *server, uint32_t worker, double now, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    struct rog_send_scratch scratch = {0};
    int code = rog_sending_init(&peer->sending, server->rows, ROG_ROWS_PULL, peer->iteration, err);
    if (!code)
        code = rog_send_scratch_init(&scratch, server->strategy, server->rows->row_count, err);
    if (!code)
        code = measure_pull(server, worker, &scratch, err);
    if (code)
        goto out;
    if (scratch.weight)
        weigh_rows(server, scratch.weight);
    if (server->magnitudes)
        server->magnitudes->call(server->magnitudes->user, true, worker, peer->iteration,
                                 scratch.age, scratch.magnitude);
    struct rog_send_view view = {.worker = worker,
                                 .iteration = peer->iteration,
                                 .now = now,
                                 .age = scratch.age,
                                 .magnitude = scratch.magnitude,
                                 .demanded = scratch.demanded,
                                 .weight = scratch.weight,
                                 .node = &server->nodes[worker]};
    rog_transmissions_history(&server->transmissions, worker, &view.history);
    code =
        rog_sending_plan(&peer->sending, &peer->ways.sender, server->strategy,
                         server->strategy->plan_pull, server->state, &server->policy, &view, err);
    peer->is_planned = !code;
out:
    rog_send_scratch_release(&scratch);
    if (code)
        rog_sending_release(&peer->sending);
    return code;
}

int rog_server_plan_pull(struct rog_server *server, uint32_t worker, double now, bool *silent,
                         struct rog_error *err)
{
    const struct rog_peer *peer = &server->peers[worker];
    int code = plan_pull(server, worker, now, err);
    *silent = !code && peer->sending.count == 0;
    return code;
}

/* A pull without rows names no tensors. */
static int send_pull_begin(struct rog_server *server, uint32_t worker, double now, uint8_t *buffer,
                           size_t *size, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    struct rog_history history;
    int code = peer->is_planned ? 0 : plan_pull(server, worker, now, err);
    if (code)
        return code;
    struct rog_wire_header header = {.kind = ROG_WIRE_BEGIN,
                                     .stream = ROG_WIRE_PULL,
                                     .values = server->start != NULL,
                                     .iteration = peer->iteration};
    const struct rog_set *tensors =
        peer->sending.count > 0 ? &server->all_tensors : &server->no_tensors;
    rog_transmissions_history(&server->transmissions, worker, &history);
    *size = rog_wire_put_begin(buffer, &header, tensors, peer->pull_scale, &history);
    peer->phase = ROG_PEER_PULLING;
    peer->is_planned = false;
    peer->sending.began_s = now;
    peer->pull_bytes = 0;
    peer->pushes_seen = server->pushes;
    peer->steps_seen = server->update.steps;
    return 0;
}

static struct rog_coding coding_of(const struct rog_server *server, uint32_t worker)
{
    const struct rog_peer *peer = &server->peers[worker];
    return (struct rog_coding){
        .rows = server->rows,
        .way = pull_way(server, peer),
        .scale = peer->pull_scale,
        .scratch = server->scratch,
        .level = peer->sending.level,
        .memory = peer->memory,
        .iteration = peer->iteration,
        .seed = rog_coding_seed(server->rows, ROG_ROWS_PULL, worker, peer->iteration)};
}

/* Encodes each row with the codec; without values, writes its level if the codec has levels. */
static size_t put_rows(struct rog_server *server, uint32_t worker, uint32_t count, uint8_t *bytes)
{
    const struct rog_rows *rows = server->rows;
    const struct rog_peer *peer = &server->peers[worker];
    struct rog_coding coding = coding_of(server, worker);
    const uint32_t *list = server->list;
    size_t size = 0;
    rog_coding_begin(&coding);
    for (uint32_t i = 0; server->start && i < count; i++) {
        uint64_t at = rog_rows_offset(rows, list[i]);
        rog_prefetch(rows, peer->held, NULL, list, count, i);
        rog_prefetch(rows, server->change, NULL, list, count, i);
        const struct rog_codec_pull pull = {peer->held + at, server->change + at,
                                            server->start + at};
        size += rog_codec_encode_pull(coding.way->codec, rog_coding_row(&coding, list[i]), &pull,
                                      server->difference, bytes + size);
    }
    return server->start ? size : rog_coding_put_levels(&coding, list, count, bytes);
}

static size_t send_pull_rows(struct rog_server *server, uint32_t worker, double now,
                             uint8_t *buffer, size_t bytes)
{
    struct rog_peer *peer = &server->peers[worker];
    const struct rog_rows *rows = server->rows;
    struct rog_wire_room room;
    rog_wire_room_init(&room, rows, pull_way(server, peer), bytes);
    rog_set_clear(&server->picked);
    uint32_t row;
    while (rog_sending_peek(&peer->sending, now, &row) && rog_wire_room_row(&room, row)) {
        rog_set_add(&server->picked, row);
        peer->sending.next++;
    }
    if (server->picked.count == 0)
        return 0;
    struct rog_wire_header header = {.kind = ROG_WIRE_ROWS,
                                     .stream = ROG_WIRE_PULL,
                                     .values = server->start != NULL,
                                     .iteration = peer->iteration};
    size_t size = rog_wire_put_numbers(buffer, &header, &server->picked);
    const uint32_t *list = server->list;
    uint32_t count = rog_set_list(&server->picked, server->list);
    for (uint32_t i = 0; i < count; i++)
        peer->seen[list[i]] = server->merged[list[i]];
    size += put_rows(server, worker, count, buffer + size);
    peer->sending.rows_sent += server->picked.count;
    peer->pull_bytes += rog_message_wire_bytes(rows, buffer, size);
    return size;
}

static size_t send_pull_end(struct rog_server *server, uint32_t worker, double now, uint8_t *buffer)
{
    struct rog_peer *peer = &server->peers[worker];
    double duration_s = now - peer->sending.began_s;
    uint32_t rows_sent = peer->sending.rows_sent;
    struct rog_wire_header header = {.kind = ROG_WIRE_END,
                                     .stream = ROG_WIRE_PULL,
                                     .values = server->start != NULL,
                                     .iteration = peer->iteration};
    rog_sending_release(&peer->sending);
    peer->phase = ROG_PEER_COMPUTING;
    peer->turn_began_s = now;
    server->granted[worker] = 0;
    rog_transmissions_add(&server->transmissions, worker, duration_s);
    rog_node_pulled(&server->nodes[worker], peer->pull_bytes, duration_s);
    rog_server_notify_rows(server, ROG_SERVER_PULL_SENT, worker, rows_sent, now);
    rog_grants_give(server, now);
    return rog_wire_put_end(buffer, &header, rows_sent, duration_s, NULL);
}

int rog_server_send(struct rog_server *server, uint32_t worker, double now, uint8_t *buffer,
                    size_t bytes, size_t *size, struct rog_error *err)
{
    *size = 0;
    int code = rog_server_check_peer(server, worker, err);
    if (code)
        return code;
    if (bytes < server->least_bytes)
        return rog_fail(err, ROG_EINVAL, "a buffer of %zu bytes, at least %zu are needed", bytes,
                        server->least_bytes);
    code = rog_server_reserve_notices(server, err);
    if (code)
        return code;
    struct rog_peer *peer = &server->peers[worker];
    *size = send_request(server, worker, buffer, bytes);
    if (*size > 0)
        return 0;
    if (peer->phase == ROG_PEER_ADMITTED && !peer->is_held)
        return send_pull_begin(server, worker, now, buffer, size, err);
    if (peer->phase == ROG_PEER_PULLING) {
        *size = send_pull_rows(server, worker, now, buffer, bytes);
        if (*size == 0)
            *size = send_pull_end(server, worker, now, buffer);
    }
    return rog_server_check_strategy(server, err);
}
