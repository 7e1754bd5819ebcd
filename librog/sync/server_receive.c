/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from workers: checks them against the server's state, and applies them. */
#include <librog/sync/server_state.h>

#include <math.h>

#include <librog/sync/prefetch.h>

static const char *const stream_name[] = {
    [ROG_WIRE_NONE] = "nothing",
    [ROG_WIRE_PUSH] = "a push",
    [ROG_WIRE_DEMANDED] = "demanded rows",
    [ROG_WIRE_PULL] = "a pull",
};

/* Determines the weight of the push that begins now. */
static int weigh_push(struct rog_server *server, uint32_t worker, uint32_t iteration, double now,
                      struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    const struct rog_strategy *strategy = server->strategy;
    struct rog_weigh_view view = {.worker = worker,
                                  .iteration = iteration,
                                  .lag = server->pushes - peer->pushes_seen,
                                  .steps = (uint32_t)(server->update.steps - peer->steps_seen),
                                  .now = now,
                                  .node = &server->nodes[worker]};
    rog_versions_view(&server->versions, &view.versions);
    double weight = strategy->weigh ? strategy->weigh(server->state, &server->policy, &view) : 1;
    int code = rog_server_check_strategy(server, err);
    if (code)
        return code;
    if (!(weight >= 0) || weight > ROG_WEIGHT_MAX)
        return rog_fail(
            err, ROG_EINVAL,
            "strategy %s gave iteration %u of worker %u the weight %g; 0 to %g are allowed",
            strategy->name, iteration, worker + 1, weight, ROG_WEIGHT_MAX);
    peer->weight = (float)weight;
    server->pushes++;
    if (peer->weight > 0)
        rog_server_update_push_begins(&server->update);
    return 0;
}

static int receive_begin(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                         double now, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    enum rog_wire_stream stream = wire->header.stream;
    uint32_t latest = server->versions.latest[worker];
    uint32_t expected = stream == ROG_WIRE_PUSH ? latest + 1 : latest;

    if (peer->incoming != ROG_WIRE_NONE)
        return rog_fail(err, ROG_EFORMAT, "%s starts inside %s", stream_name[stream],
                        stream_name[peer->incoming]);
    if (stream == ROG_WIRE_PUSH && peer->phase != ROG_PEER_COMPUTING)
        return rog_fail(err, ROG_EFORMAT, "a push before the pull of iteration %u is over",
                        peer->iteration);
    if (wire->header.iteration != expected)
        return rog_fail(err, ROG_EFORMAT, "%s of iteration %u, expected %u", stream_name[stream],
                        wire->header.iteration, expected);
    int code =
        stream == ROG_WIRE_PUSH ? weigh_push(server, worker, wire->header.iteration, now, err) : 0;
    if (code)
        return code;

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
        rog_server_notify_rows(server, ROG_SERVER_PUSH_BEGUN, worker, 0, now);
    }
    return 0;
}

/* Rows or an end must belong to the incoming stream. */
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

/* Returns the iteration of the incoming stream if it already contained the row, else the row's
 * version. */
static uint32_t version_of(const struct rog_server *server, uint32_t worker, uint32_t row)
{
    const struct rog_peer *peer = &server->peers[worker];
    if (rog_rounds_keeps(server, peer) && rog_set_has(&peer->kept.rows, row))
        return peer->iteration;
    return rog_versions_get(&server->versions, worker, row);
}

int rog_server_check_rows(const struct rog_server *server, uint32_t worker,
                          const struct rog_wire *wire, uint32_t *count, struct rog_error *err)
{
    const struct rog_peer *peer = &server->peers[worker];
    int code = check_stream(server, worker, wire, err);
    if (code)
        return code;
    *count = rog_wire_list(wire, server->list);
    for (uint32_t i = 0; i < *count; i++) {
        uint32_t row = server->list[i];
        uint32_t version = version_of(server, worker, row);
        if (version >= wire->header.iteration)
            return rog_fail(err, ROG_EFORMAT, "row %u arrived twice in iteration %u", row, version);
        if (peer->incoming == ROG_WIRE_DEMANDED && version >= peer->asked)
            return rog_fail(err, ROG_EFORMAT, "row %u was not requested", row);
        if (peer->incoming_scale[server->rows->row_tensor[row]] < 0)
            return rog_fail(err, ROG_EFORMAT, "row %u arrived without a scale for its tensor", row);
    }
    return 0;
}

/* Passes the first `count` rows of server->list to the server optimizer. */
static void apply_rows(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                       uint32_t count)
{
    const struct rog_rows *rows = server->rows;
    const struct rog_peer *peer = &server->peers[worker];
    const float *target = rog_server_update_target(&server->update, server->change);
    struct rog_coding coding = {.rows = rows,
                                .way = rog_rows_way(rows, ROG_ROWS_PUSH, wire->header.iteration),
                                .scale = peer->incoming_scale,
                                .scratch = server->scratch};
    const uint32_t *list = server->list;
    rog_coding_begin(&coding);
    const uint8_t *payload = wire->payload, *end = payload + wire->payload_bytes;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = list[i];
        rog_prefetch(rows, target, NULL, list, count, i);
        const struct rog_arrival arrival = {.worker = worker,
                                            .iteration = wire->header.iteration,
                                            .row = row,
                                            .weight = peer->weight,
                                            .codec = coding.way->codec,
                                            .coded = *rog_coding_row(&coding, row),
                                            .bytes = payload};
        rog_server_update_apply(&server->update, &arrival, server->change);
        payload += rog_coding_length(&coding, row, payload, (size_t)(end - payload));
    }
}

bool rog_server_take_rows(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                          uint32_t count)
{
    const uint32_t *list = server->list;
    bool risen = false;
    for (uint32_t i = 0; i < count; i++)
        risen |= rog_versions_raise(&server->versions, worker, list[i], wire->header.iteration);
    if (server->peers[worker].weight > 0) {
        rog_server_update_arrived(&server->update, list, count, server->merged);
        if (server->start)
            apply_rows(server, worker, wire, count);
    }
    return risen;
}

static int receive_rows(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                        double now, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    uint32_t count;
    int code = rog_server_check_rows(server, worker, wire, &count, err);
    if (!code && rog_rounds_keeps(server, peer))
        code = rog_rounds_keep(server, peer, wire, count, err);
    else if (!code && rog_server_take_rows(server, worker, wire, count))
        rog_admission_advance(server, worker, now);
    if (code)
        return code;
    peer->incoming_rows += count;
    peer->push_bytes += wire->wire_bytes;
    return 0;
}

/* The duration that a worker reports for its push affects the budgets of all workers. It is limited
 * to the time since the worker could begin; a worker can always make a push take that long. */
static double possible_duration_s(const struct rog_peer *peer, double said_s, double now)
{
    return fmin(said_s, fmax(now - peer->turn_began_s, 0));
}

/* Updates the known values of a worker from its push. */
static void update_node(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                        double now)
{
    const struct rog_peer *peer = &server->peers[worker];
    struct rog_node_view *node = &server->nodes[worker];
    rog_node_pushed(node, peer->push_bytes, now - peer->push_began_s);
    server->goodput[worker] = node->goodput_up;
    if (!wire->header.reports)
        return;
    struct rog_report report = wire->report;
    if (report.compute_s > 0)
        report.compute_s = possible_duration_s(peer, report.compute_s, now);
    rog_node_reported(node, &report);
}

static int push_ended(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                      double now, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    rog_rounds_pushed(server, worker);
    server->versions.latest[worker] = peer->iteration;
    update_node(server, worker, wire, now);
    if (peer->iteration > server->iteration)
        server->iteration = peer->iteration;
    rog_average_pushed(&server->average, server->change, rog_server_active(server));
    rog_transmissions_add(&server->transmissions, worker,
                          possible_duration_s(peer, wire->duration_s, now));
    rog_server_notify_rows(server, ROG_SERVER_PUSHED, worker, wire->rows, now);
    return rog_admission_pushed(server, worker, now, err);
}

static int receive_end(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                       double now, struct rog_error *err)
{
    struct rog_peer *peer = &server->peers[worker];
    int code = check_stream(server, worker, wire, err);
    if (code)
        return code;
    if (wire->rows != peer->incoming_rows)
        return rog_fail(err, ROG_EFORMAT, "%u rows announced, %u received", wire->rows,
                        peer->incoming_rows);
    bool push = peer->incoming == ROG_WIRE_PUSH;
    peer->incoming = ROG_WIRE_NONE;
    return push ? push_ended(server, worker, wire, now, err) : 0;
}

static int refuse_request(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                          double now, struct rog_error *err)
{
    (void)server, (void)worker, (void)wire, (void)now;
    return rog_fail(err, ROG_EFORMAT, "a message that only the server sends");
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
    int code = rog_server_check_peer(server, worker, err);
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
    if (!code) /* a grant may have failed */
        code = rog_server_check_strategy(server, err);
    if (code == ROG_EFORMAT)
        rog_fail_prefix(err, "message of worker %u", worker + 1);
    return code;
}
