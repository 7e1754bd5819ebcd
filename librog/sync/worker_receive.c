/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to a worker: pulls, and requests for rows. */
#include <librog/sync/worker.h>

#include <librog/sync/coding.h>
#include <librog/sync/prefetch.h>
#include <librog/sync/worker_state.h>

static int receive_begin(struct rog_worker *worker, const struct rog_wire *wire, double now,
                         enum rog_worker_notice *notice, struct rog_error *err)
{
    if (worker->phase != ROG_WORKER_WAITING)
        return rog_fail(err, ROG_EFORMAT, "an unexpected pull");
    worker->pull_is_silent = wire->numbers.count == 0;
    for (uint32_t i = 0; rog_worker_has_values(worker) && i < wire->numbers.count; i++)
        worker->pull_scale[i] = rog_wire_scale(wire, i);
    worker->history = wire->history;
    worker->pull_began_s = now;
    worker->pulled_bytes = 0;
    worker->phase = ROG_WORKER_PULLING;
    worker->contribution.deferred = worker->overlaps && rog_worker_has_values(worker);
    rog_set_clear(&worker->pulled);
    *notice = ROG_WORKER_ADMITTED;
    return 0;
}

static int receive_rows(struct rog_worker *worker, const struct rog_wire *wire, double now,
                        enum rog_worker_notice *notice, struct rog_error *err)
{
    (void)notice, (void)now;
    if (worker->phase != ROG_WORKER_PULLING)
        return rog_fail(err, ROG_EFORMAT, "rows outside a pull");
    if (worker->pull_is_silent)
        return rog_fail(err, ROG_EFORMAT, "rows in a pull without scales");
    const struct rog_rows *rows = worker->rows;
    const uint32_t *list = worker->list;
    uint32_t count = rog_wire_list(wire, worker->list);
    for (uint32_t i = 0; i < count; i++)
        if (rog_set_has(&worker->pulled, list[i]))
            return rog_fail(err, ROG_EFORMAT, "row %u appears twice in a pull", list[i]);
    for (uint32_t i = 0; i < count; i++) {
        rog_set_add(&worker->pulled, list[i]);
        worker->status.ages_pulled += wire->header.iteration - worker->received[list[i]];
        worker->received[list[i]] = wire->header.iteration;
    }

    struct rog_coding coding = {.rows = rows,
                                .way = rog_rows_way(rows, ROG_ROWS_PULL, wire->header.iteration),
                                .scale = worker->pull_scale,
                                .scratch = worker->scratch};
    rog_coding_begin(&coding);
    const uint8_t *payload = wire->payload, *end = payload + wire->payload_bytes;
    struct rog_contribution *contribution = &worker->contribution;
    for (uint32_t i = 0; contribution->values && i < count; i++) {
        uint32_t row = list[i];
        rog_prefetch(rows, contribution->aside, contribution->values, list, count, i);
        rog_codec_decode_pull(coding.way->codec, rog_coding_row(&coding, row), payload,
                              rog_contribution_pulling(contribution, row));
        rog_contribution_pulled(contribution, row);
        payload += rog_coding_length(&coding, row, payload, (size_t)(end - payload));
    }
    worker->pulled_bytes += wire->wire_bytes;
    rog_worker_count_rows(worker, list, count, worker->pulled_rows);
    worker->status.rows_pulled = worker->pulled.count;
    return 0;
}

static int receive_end(struct rog_worker *worker, const struct rog_wire *wire, double now,
                       enum rog_worker_notice *notice, struct rog_error *err)
{
    if (worker->phase != ROG_WORKER_PULLING)
        return rog_fail(err, ROG_EFORMAT, "the end of a pull outside a pull");
    if (wire->rows != worker->pulled.count)
        return rog_fail(err, ROG_EFORMAT, "%u rows announced, %u received", wire->rows,
                        worker->pulled.count);
    rog_node_pulled(&worker->node, worker->pulled_bytes, now - worker->pull_began_s);
    worker->phase = ROG_WORKER_COMPUTING;
    *notice = ROG_WORKER_PULLED;
    return 0;
}

static int receive_request(struct rog_worker *worker, const struct rog_wire *wire, double now,
                           enum rog_worker_notice *notice, struct rog_error *err)
{
    (void)now;
    if (wire->header.iteration > worker->status.iteration)
        return rog_fail(err, ROG_EFORMAT, "rows of iteration %u were requested, but this is %u",
                        wire->header.iteration, worker->status.iteration);
    struct rog_wire_numbers numbers = wire->numbers;
    uint32_t first, length;
    while (rog_wire_run(&numbers, &first, &length))
        for (uint32_t row = first; row < first + length; row++)
            /* Rows that are new enough here are already on their way; the others may be, too. */
            if (worker->version[row] < wire->header.iteration &&
                !rog_set_has(&worker->answering, row) && rog_set_add(&worker->demanded, row))
                *notice = ROG_WORKER_DEMANDED;
    return 0;
}

int rog_worker_receive(struct rog_worker *worker, const uint8_t *message, size_t size, double now,
                       enum rog_worker_notice *notice, struct rog_error *err)
{
    static int (*const receive[])(struct rog_worker *, const struct rog_wire *, double,
                                  enum rog_worker_notice *, struct rog_error *) = {
        [ROG_WIRE_BEGIN] = receive_begin,
        [ROG_WIRE_ROWS] = receive_rows,
        [ROG_WIRE_END] = receive_end,
        [ROG_WIRE_REQUEST] = receive_request,
    };

    *notice = ROG_WORKER_NOTHING;
    struct rog_wire wire;
    int code = rog_wire_parse(worker->rows, message, size, &wire, err);
    bool request = !code && wire.header.kind == ROG_WIRE_REQUEST;
    if (!code && !request && wire.header.stream != ROG_WIRE_PULL)
        code = rog_fail(err, ROG_EFORMAT, "a message that only workers send");
    if (!code && wire.header.values != rog_worker_has_values(worker))
        code = rog_fail(err, ROG_EFORMAT, "a message %s values",
                        wire.header.values ? "with" : "without");
    if (!code && !request && wire.header.iteration != worker->status.iteration)
        code = rog_fail(err, ROG_EFORMAT, "a pull of iteration %u, expected %u",
                        wire.header.iteration, worker->status.iteration);
    if (!code)
        code = receive[wire.header.kind](worker, &wire, now, notice, err);
    if (code)
        return err ? rog_fail_prefix(err, "message of the server") : code;
    worker->status.bytes_pulled += wire.wire_bytes;
    return 0;
}
