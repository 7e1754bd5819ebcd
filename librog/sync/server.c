/* SPDX-License-Identifier: Apache-2.0 */
/* The server's half of the protocol: what arrives, and what pulls carry. */
#include <librog/sync/server.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <librog/sync/kernels.h>
#include <librog/sync/message.h>
#include <librog/sync/prefetch.h>
#include <librog/sync/server_state.h>

/* ---- life ---- */

/* Nothing has been added yet. */
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
    return server->start ? make_change(rows, &peer->held, err) : 0;
}

int rog_server_reserve_notices(struct rog_server *server, struct rog_error *err)
{
    /* One call can admit each stalled worker, demand rows of each, and say little more. What
     * leaving workers cause must find room as well: leaving cannot fail. */
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

static size_t longest_row(const struct rog_rows *rows)
{
    size_t longest = 0;
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
    if (code)
        return code;
    rog_set_fill(&server->all_tensors);

    server->least_bytes = rog_message_min_bytes(rows);
    server->scratch = malloc(longest_row(rows) * sizeof *server->scratch);
    server->list = malloc(rows->row_count * sizeof *server->list);
    server->merged = calloc(rows->row_count, sizeof *server->merged);
    server->peers = calloc(workers, sizeof *server->peers);
    server->watchers = malloc(workers * sizeof *server->watchers);
    server->needed = calloc(workers, sizeof *server->needed);
    server->ready = calloc(workers, sizeof *server->ready);
    server->granted = calloc(workers, sizeof *server->granted);
    server->goodput = calloc(workers, sizeof *server->goodput);
    if (!server->ready || !server->granted || !server->goodput)
        return rog_fail_nomem(err);
    if (!server->scratch || !server->list || !server->merged || !server->peers ||
        !server->watchers || !server->needed)
        return rog_fail_nomem(err);
    if (server->start)
        code = make_change(rows, &server->change, err);
    for (uint32_t i = 0; i < workers && !code; i++) {
        server->watchers[i] = (struct rog_watchers){.first = ROG_NOBODY, .last = ROG_NOBODY};
        code = make_peer(server, &server->peers[i], err);
    }
    if (!code)
        code = rog_server_reserve_notices(server, err);
    if (!code)
        code =
            rog_server_update_init(&server->update, config->optimizer, config->optimizer_parameters,
                                   rows, workers, server->start, err);
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
        return rog_fail(err, ROG_EINVAL, "a strategy for %u rows and %u workers, the model has %u",
                        config->policy.rows, config->policy.workers, config->rows->row_count);
    struct rog_server *server = calloc(1, sizeof *server);
    if (!server)
        return rog_fail_nomem(err);
    server->rows = config->rows;
    server->strategy = config->strategy;
    server->policy = config->policy;
    server->policy.model = &config->rows->model;
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
        free(peer->incoming_scale);
        free(peer->pull_scale);
        free(peer->needed);
        free(peer->held);
        free(peer->seen);
    }
    rog_average_release(&server->average);
    rog_server_update_release(&server->update);
    rog_set_release(&server->all_tensors);
    rog_set_release(&server->picked);
    rog_transmissions_release(&server->transmissions);
    rog_versions_release(&server->versions);
    free(server->change);
    free(server->notices);
    free(server->goodput);
    free(server->granted);
    free(server->ready);
    free(server->needed);
    free(server->watchers);
    free(server->peers);
    free(server->merged);
    free(server->list);
    free(server->scratch);
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

static void notify_simple(struct rog_server *server, enum rog_server_notice_kind kind,
                          uint32_t worker, uint32_t rows, double now)
{
    rog_server_notify(server,
                      &(struct rog_server_notice){.kind = kind,
                                                  .worker = worker,
                                                  .iteration = server->peers[worker].iteration,
                                                  .rows = rows,
                                                  .now = now});
}

/* ---- receiving ---- */

static const char *const stream_name[] = {
    [ROG_WIRE_NONE] = "nothing",
    [ROG_WIRE_PUSH] = "a push",
    [ROG_WIRE_DEMANDED] = "demanded rows",
    [ROG_WIRE_PULL] = "a pull",
};

static int receive_begin(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                         double now, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    enum rog_wire_stream stream = wire->header.stream;
    uint32_t latest = server->versions.latest[worker];
    uint32_t expected = stream == ROG_WIRE_PUSH ? latest + 1 : latest;

    if (peer->incoming != ROG_WIRE_NONE)
        return rog_fail(err, ROG_EFORMAT, "%s begins within %s", stream_name[stream],
                        stream_name[peer->incoming]);
    if (stream == ROG_WIRE_PUSH && peer->phase != ROG_PEER_COMPUTING)
        return rog_fail(err, ROG_EFORMAT, "a push before the pull of iteration %u is over",
                        peer->iteration);
    if (wire->header.iteration != expected)
        return rog_fail(err, ROG_EFORMAT, "%s of iteration %u, expected %u", stream_name[stream],
                        wire->header.iteration, expected);

    struct rog_wire_numbers tensors = wire->numbers;
    uint32_t first, length, index = 0;
    for (uint32_t i = 0; i < server->rows->tensor_count; i++)
        peer->incoming_scale[i] = -1;
    while (rog_wire_run(&tensors, &first, &length))
        for (uint32_t i = first; i < first + length; i++)
            peer->incoming_scale[i] = server->start ? rog_wire_scale(wire, index++) : 0;
    peer->incoming = stream;
    peer->incoming_rows = 0;
    if (stream == ROG_WIRE_PUSH) {
        peer->phase = ROG_PEER_PUSHING;
        peer->iteration = wire->header.iteration;
        peer->push_began_s = now;
        peer->push_bytes = 0;
        notify_simple(server, ROG_SERVER_PUSH_BEGUN, worker, 0, now);
    }
    return 0;
}

/* Rows or an end must belong to the stream that is coming in. */
static int check_stream(const struct rog_server *server, uint32_t worker,
                        const struct rog_wire *wire, struct rog_error *err)
{
    const struct rog_peer *peer = &server->peers[worker];
    uint32_t latest = server->versions.latest[worker];
    uint32_t iteration = peer->incoming == ROG_WIRE_PUSH ? peer->iteration : latest;
    if (wire->header.stream != peer->incoming || wire->header.iteration != iteration)
        return rog_fail(err, ROG_EFORMAT, "a message of %s of iteration %u within %s of %u",
                        stream_name[wire->header.stream], wire->header.iteration,
                        stream_name[peer->incoming], iteration);
    return 0;
}

/* The first `count` rows of server->list. */
static int check_rows(const struct rog_server *server, uint32_t worker, uint32_t count,
                      uint32_t iteration, struct rog_error *err)
{
    const struct rog_peer *peer = &server->peers[worker];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = server->list[i];
        uint32_t version = rog_versions_get(&server->versions, worker, row);
        if (version >= iteration)
            return rog_fail(err, ROG_EFORMAT, "row %u came before in iteration %u", row, version);
        if (peer->incoming == ROG_WIRE_DEMANDED && version >= peer->asked)
            return rog_fail(err, ROG_EFORMAT, "row %u was not asked for", row);
        if (peer->incoming_scale[server->rows->row_tensor[row]] < 0)
            return rog_fail(err, ROG_EFORMAT, "row %u came without a scale of its tensor", row);
    }
    return 0;
}

/* Lets the server's optimizer have the first `count` rows of server->list. */
static void apply_rows(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                       uint32_t count)
{
    const struct rog_rows *rows = server->rows;
    const struct rog_server_update *update = &server->update;
    const float *scale = server->peers[worker].incoming_scale;
    const uint32_t *list = server->list;
    const uint8_t *payload = wire->payload, *end = payload + wire->payload_bytes;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = list[i];
        const struct rog_codec_row coded = rog_rows_coded(rows, row, scale);
        rog_prefetch(rows, server->change, NULL, list, count, i);
        const struct rog_arrival arrival = {.worker = worker,
                                            .iteration = wire->header.iteration,
                                            .row = row,
                                            .offset = rog_rows_offset(rows, row),
                                            .codec = rows->codec,
                                            .coded = coded,
                                            .bytes = payload};
        update->optimizer->apply(update->state, &update->config, &arrival,
                                 server->change + arrival.offset);
        payload += rog_rows_length(rows, row, payload, (size_t)(end - payload));
    }
}

static int receive_rows(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                        double now, struct rog_error *err)
{
    int code = check_stream(server, worker, wire, err);
    if (code)
        return code;
    const uint32_t *list = server->list;
    uint32_t count = rog_wire_list(wire, server->list);
    code = check_rows(server, worker, count, wire->header.iteration, err);
    if (code)
        return code;

    struct rog_peer *peer = &server->peers[worker];
    bool risen = false;
    for (uint32_t i = 0; i < count; i++) {
        server->merged[list[i]]++;
        risen |= rog_versions_raise(&server->versions, worker, list[i], wire->header.iteration);
    }
    if (server->start)
        apply_rows(server, worker, wire, count);
    peer->incoming_rows += count;
    peer->push_bytes += wire->wire_bytes;
    if (risen)
        rog_admission_advance(server, worker, now);
    return 0;
}

static uint32_t active_workers(const struct rog_server *server)
{
    uint32_t active = 0;
    for (uint32_t i = 0; i < server->policy.workers; i++)
        active += server->versions.active[i] != 0;
    return active;
}

/* What a worker says that its push took goes into everybody's budget. It is not believed beyond the
 * time since the worker could begin: so long it can make a push take without saying anything. */
static double possible_duration_s(const struct rog_peer *peer, double said_s, double now)
{
    return fmin(said_s, fmax(now - peer->turn_began_s, 0));
}

static int receive_end(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                       double now, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    int code = check_stream(server, worker, wire, err);
    if (code)
        return code;
    if (wire->rows != peer->incoming_rows)
        return rog_fail(err, ROG_EFORMAT, "%u rows are said to be sent, %u came", wire->rows,
                        peer->incoming_rows);
    bool push = peer->incoming == ROG_WIRE_PUSH;
    peer->incoming = ROG_WIRE_NONE;
    if (!push)
        return 0;
    server->versions.latest[worker] = peer->iteration;
    if (now > peer->push_began_s)
        server->goodput[worker] = (double)peer->push_bytes / (now - peer->push_began_s);
    if (peer->iteration > server->iteration)
        server->iteration = peer->iteration;
    rog_average_pushed(&server->average, server->change, active_workers(server));
    rog_transmissions_add(&server->transmissions, worker,
                          possible_duration_s(peer, wire->duration_s, now));
    notify_simple(server, ROG_SERVER_PUSHED, worker, wire->rows, now);
    return rog_admission_pushed(server, worker, now, err);
}

static int refuse_request(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                          double now, struct rog_error *err)
{
    (void)server, (void)worker, (void)wire, (void)now;
    return rog_fail(err, ROG_EFORMAT, "a message that only the server sends");
}

static int check_peer(const struct rog_server *server, uint32_t worker, struct rog_error *err)
{
    if (worker >= server->policy.workers)
        return rog_fail(err, ROG_EINVAL, "there is no worker %u among %u", worker,
                        server->policy.workers);
    if (!server->versions.active[worker])
        return rog_fail(err, ROG_EINVAL, "worker %u has left", worker);
    return 0;
}

int rog_server_receive(struct rog_server *server, uint32_t worker, const uint8_t *message,
                       size_t size, double now, struct rog_error *err)
{
    static int (*const receive[])(struct rog_server *, uint32_t, const struct rog_wire *, double,
                                  struct rog_error *) = {
        [ROG_WIRE_BEGIN] = receive_begin,
        [ROG_WIRE_ROWS] = receive_rows,
        [ROG_WIRE_END] = receive_end,
        [ROG_WIRE_REQUEST] = refuse_request,
    };

    struct rog_wire wire;
    int code = check_peer(server, worker, err);
    if (code)
        return code;
    code = rog_wire_parse(server->rows, message, size, &wire, err);
    if (!code && wire.header.stream == ROG_WIRE_PULL)
        code = rog_fail(err, ROG_EFORMAT, "a message that only the server sends");
    if (!code && wire.header.values != (server->start != NULL))
        code = rog_fail(err, ROG_EFORMAT, "a message %s values",
                        wire.header.values ? "with" : "without");
    if (!code)
        code = rog_server_reserve_notices(server, err);
    if (!code)
        code = receive[wire.header.kind](server, worker, &wire, now, err);
    if (code == ROG_EFORMAT)
        rog_fail_prefix(err, "message of worker %u", worker + 1);
    return code;
}

/* ---- sending ---- */

/* Picks rows for the next request: older than `requesting`, not asked for before, from request_row
 * on, as many as fit. */
static void pick_requested(struct rog_server *server, uint32_t worker, size_t bytes)
{
    struct rog_peer *peer = &server->peers[worker];
    struct rog_wire_room room;
    rog_wire_room_init(&room, server->rows, bytes);
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

/* 0 where there is nothing to ask for. */
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

/* Ages, and in one pass magnitudes and scales of what the worker still has to receive. */
static int measure_pull(struct rog_server *server, struct rog_peer *peer,
                        struct rog_send_scratch *scratch, struct rog_error *err)
{
    const struct rog_rows *rows = server->rows;
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
                            "tensor %u%s%s of the model is not finite: the training has diverged, "
                            "try a smaller learning rate",
                            i, tensor->name ? ", " : "", tensor->name ? tensor->name : "");
        peer->pull_scale[i] = rog_codec_scale(rows->codec, tensor_sum, tensor->size);
    }
    return 0;
}

static int send_pull_begin(struct rog_server *server, uint32_t worker, double now, uint8_t *buffer,
                           size_t *size, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    struct rog_send_scratch scratch = {0};
    int code = rog_sending_init(&peer->sending, server->rows, err);
    if (!code)
        code = rog_send_scratch_init(&scratch, server->rows->row_count, err);
    if (!code)
        code = measure_pull(server, peer, &scratch, err);
    if (code)
        goto out;
    if (server->magnitudes)
        server->magnitudes->call(server->magnitudes->user, true, worker, peer->iteration,
                                 scratch.age, scratch.magnitude);
    struct rog_send_view view = {.worker = worker,
                                 .iteration = peer->iteration,
                                 .now = now,
                                 .age = scratch.age,
                                 .magnitude = scratch.magnitude,
                                 .demanded = scratch.demanded};
    rog_transmissions_history(&server->transmissions, worker, &view.history);
    code =
        rog_sending_plan(&peer->sending, &peer->ways.sender, server->strategy,
                         server->strategy->plan_pull, server->state, &server->policy, &view, err);
    if (code)
        goto out;
    struct rog_wire_header header = {.kind = ROG_WIRE_BEGIN,
                                     .stream = ROG_WIRE_PULL,
                                     .values = server->start != NULL,
                                     .iteration = peer->iteration};
    *size =
        rog_wire_put_begin(buffer, &header, &server->all_tensors, peer->pull_scale, &view.history);
    peer->phase = ROG_PEER_PULLING;
out:
    rog_send_scratch_release(&scratch);
    if (code)
        rog_sending_release(&peer->sending);
    return code;
}

static size_t send_pull_rows(struct rog_server *server, struct rog_peer *peer, double now,
                             uint8_t *buffer, size_t bytes)
{
    const struct rog_rows *rows = server->rows;
    struct rog_wire_room room;
    rog_wire_room_init(&room, rows, bytes);
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
    for (uint32_t i = 0; server->start && i < count; i++) {
        row = list[i];
        uint64_t at = rog_rows_offset(rows, row);
        rog_prefetch(rows, peer->held, NULL, list, count, i);
        rog_prefetch(rows, server->change, NULL, list, count, i);
        const struct rog_codec_row coded = rog_rows_coded(rows, row, peer->pull_scale);
        const struct rog_codec_pull pull = {peer->held + at, server->change + at,
                                            server->start + at};
        size += rog_codec_encode_pull(rows->codec, &coded, &pull, server->scratch, buffer + size);
    }
    peer->sending.rows_sent += server->picked.count;
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
    notify_simple(server, ROG_SERVER_PULL_SENT, worker, rows_sent, now);
    rog_admission_grant(server, now);
    return rog_wire_put_end(buffer, &header, rows_sent, duration_s);
}

int rog_server_send(struct rog_server *server, uint32_t worker, double now, uint8_t *buffer,
                    size_t bytes, size_t *size, struct rog_error *err)
{
    *size = 0;
    int code = check_peer(server, worker, err);
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
        *size = send_pull_rows(server, peer, now, buffer, bytes);
        if (*size == 0)
            *size = send_pull_end(server, worker, now, buffer);
    }
    return 0;
}

/* ---- the rest ---- */

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
    peer->phase = ROG_PEER_COMPUTING;
    peer->incoming = ROG_WIRE_NONE;
    server->versions.active[worker] = 0;
    rog_transmissions_leave(&server->transmissions, worker);
    rog_admission_advance(server, worker, now);
}

/* Where one who comes joins in. */
static uint32_t joining_iteration(const struct rog_server *server)
{
    uint32_t slowest = UINT32_MAX;
    for (uint32_t i = 0; i < server->policy.workers; i++)
        if (server->versions.active[i] && server->versions.latest[i] < slowest)
            slowest = server->versions.latest[i];
    return slowest == UINT32_MAX ? server->iteration : slowest;
}

/* The worker is given the model, whose values are floats: what that rounds off is still to come. */
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
        return rog_fail(err, ROG_EINVAL, "there is no worker %u among %u", worker,
                        server->policy.workers);
    int code = rog_server_reserve_notices(server, err);
    if (code)
        return code;
    rog_server_leave(server, worker, now);
    *iteration = joining_iteration(server);

    struct rog_peer *peer = &server->peers[worker];
    peer->iteration = *iteration;
    peer->turn_began_s = now;
    peer->asked = peer->requested = peer->requesting = *iteration;
    peer->request_row = 0;
    memcpy(peer->seen, server->merged, server->rows->row_count * sizeof *peer->seen);
    if (server->start)
        hold_model(server, peer);
    server->goodput[worker] = 0;
    rog_versions_join(&server->versions, worker, *iteration);
    rog_transmissions_join(&server->transmissions, worker);
    rog_admission_join(server, worker);
    return 0;
}

void rog_server_resume(struct rog_server *server, uint32_t iteration)
{
    for (uint32_t i = 0; i < server->policy.workers; i++)
        rog_server_leave(server, i, 0);
    server->iteration = iteration;
}

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
                        "%zu bytes beside the average of the model, the model alone has more",
                        size);
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
