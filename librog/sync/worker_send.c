/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from a worker: planned pushes, and demanded rows. */
#include <librog/sync/worker.h>

#include <librog/kernels/kernels.h>
#include <librog/sync/coding.h>
#include <librog/sync/message.h>
#include <librog/sync/prefetch.h>
#include <librog/sync/worker_state.h>

/* ---- push ---- */

static struct rog_wire_header header_of(const struct rog_worker *worker, enum rog_wire_kind kind)
{
    return (struct rog_wire_header){.kind = kind,
                                    .stream = worker->outgoing,
                                    .values = rog_worker_has_values(worker),
                                    .iteration = worker->outgoing_iteration};
}

static const struct rog_way *push_way(const struct rog_worker *worker, uint32_t iteration)
{
    return rog_rows_way(worker->rows, ROG_ROWS_PUSH, iteration);
}

/* Computes the scale of the whole model, if the codec has one. */
static int measure_whole(struct rog_worker *worker, struct rog_error *err)
{
    const struct rog_rows *rows = worker->rows;
    uint32_t iteration = worker->status.iteration;
    const struct rog_way *way = push_way(worker, iteration);
    if (!way->whole)
        return 0;
    const struct rog_codec_whole whole = {
        .parameters = way->parameters,
        .iteration = iteration,
        .seed = rog_coding_seed(rows, ROG_ROWS_PUSH, worker->worker, iteration),
        .values = worker->contribution.update,
        .count = rows->params,
        .scratch = worker->scratch};
    float scale = rog_codec_whole_scale(way->codec, &whole);
    if (!(scale <= ROG_WIRE_UPDATE_MAX))
        return rog_fail(err, ROG_EFAILED,
                        "the unsent update has a scale of %g: the training has diverged; try a "
                        "smaller learning rate",
                        (double)scale);
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        worker->push_scale[i] = scale;
    return 0;
}

/* Rows that were demanded between two pushes and have not been sent go with the push. */
static void return_answer(struct rog_worker *worker)
{
    for (uint32_t row = rog_set_next(&worker->answering, 0); row < worker->answering.size;
         row = rog_set_next(&worker->answering, row + 1))
        rog_set_add(&worker->demanded, row);
    rog_set_clear(&worker->answering);
}

/* Computes mean |w| of each row. */
static void weigh_rows(const struct rog_worker *worker, float *weight)
{
    const struct rog_rows *rows = worker->rows;
    float *const *values = worker->contribution.values;
    for (uint32_t row = 0; row < rows->row_count; row++) {
        uint32_t size = rog_rows_size(rows, row);
        weight[row] = 1;
        if (values)
            weight[row] = (float)(rog_kernel_absolute(rog_rows_in(rows, values, row), size) / size);
    }
}

static int plan_push(struct rog_worker *worker, struct rog_send_scratch *scratch, double now,
                     struct rog_error *err)
{
    uint32_t iteration = worker->status.iteration;
    if (scratch->weight)
        weigh_rows(worker, scratch->weight);
    for (uint32_t row = 0; row < worker->rows->row_count; row++) {
        scratch->age[row] = iteration - worker->version[row];
        scratch->demanded[row] = rog_set_has(&worker->demanded, row);
    }
    if (worker->magnitudes)
        worker->magnitudes->call(worker->magnitudes->user, false, worker->worker, iteration,
                                 scratch->age, scratch->magnitude);
    struct rog_send_view view = {.worker = worker->worker,
                                 .iteration = iteration,
                                 .now = now,
                                 .age = scratch->age,
                                 .magnitude = scratch->magnitude,
                                 .demanded = scratch->demanded,
                                 .history = worker->history,
                                 .weight = scratch->weight,
                                 .node = &worker->node};
    int code =
        rog_sending_plan(&worker->sending, &worker->sender, worker->strategy,
                         worker->strategy->plan_push, worker->state, &worker->policy, &view, err);
    worker->status.silent = worker->sending.count == 0 && worker->demanded.count == 0;
    return code;
}

void rog_worker_measured(struct rog_worker *worker, const struct rog_report *report)
{
    worker->report = *report;
    worker->report.local_steps = worker->planned_steps;
    rog_node_reported(&worker->node, &worker->report);
}

int rog_worker_push(struct rog_worker *worker, const struct rog_worker_gradients *given, double now,
                    struct rog_error *err)
{
    const struct rog_rows *rows = worker->rows;
    struct rog_send_scratch scratch = {0};
    if (worker->phase != ROG_WORKER_COMPUTING)
        return rog_fail(err, ROG_EINVAL, "iteration %u is not complete yet",
                        worker->status.iteration);
    int code =
        rog_contribution_check(&worker->contribution, given, worker->status.iteration + 1, err);
    if (code)
        return code;
    rog_worker_merge(worker);
    code =
        rog_sending_init(&worker->sending, rows, ROG_ROWS_PUSH, worker->status.iteration + 1, err);
    if (!code)
        code = rog_send_scratch_init(&scratch, worker->strategy, rows->row_count, err);
    if (code)
        goto out;

    rog_worker_begin_counting(worker, worker->status.iteration + 1);
    worker->status.local_steps = worker->planned_steps;
    worker->phase = ROG_WORKER_PUSHING;
    worker->sent_bytes = 0;
    worker->overlaps = worker->planned_overlap;
    return_answer(worker);
    if (rog_worker_has_values(worker))
        code = rog_contribution_add(&worker->contribution, given,
                                    push_way(worker, worker->status.iteration), scratch.magnitude,
                                    worker->push_scale, err);
    if (!code && rog_worker_has_values(worker))
        code = measure_whole(worker, err);
    if (!code)
        code = plan_push(worker, &scratch, now, err);
out:
    rog_send_scratch_release(&scratch);
    if (code)
        rog_sending_release(&worker->sending);
    return code;
}

/* ---- sending ---- */

void rog_worker_hold(struct rog_worker *worker, bool held, double now)
{
    worker->is_held = held;
    if (!held && worker->phase == ROG_WORKER_PUSHING && worker->outgoing != ROG_WIRE_PUSH)
        worker->sending.began_s = now;
}

/* A push without rows lists no tensors; rows that are demanded from now on are sent after it. */
static size_t begin_push(struct rog_worker *worker, uint8_t *buffer)
{
    worker->status.silent = worker->sending.count == 0 && worker->demanded.count == 0;
    worker->outgoing = ROG_WIRE_PUSH;
    worker->outgoing_iteration = worker->status.iteration;
    worker->outgoing_rows = 0;
    worker->outgoing_began_s = worker->sending.began_s;
    rog_set_clear(&worker->tensors);
    if (!worker->status.silent)
        rog_set_fill(&worker->tensors);
    struct rog_wire_header header = header_of(worker, ROG_WIRE_BEGIN);
    return rog_wire_put_begin(buffer, &header, &worker->tensors, worker->push_scale, NULL);
}

/* Computes the scales of demanded rows: from these rows only, unless the whole model has one
 * scale. */
static int measure_answer(struct rog_worker *worker, struct rog_error *err)
{
    const struct rog_rows *rows = worker->rows;
    const struct rog_way *way = push_way(worker, worker->outgoing_iteration);
    const struct rog_set *answering = &worker->answering;
    rog_set_clear(&worker->tensors);
    uint32_t row = rog_set_next(answering, 0);
    while (row < answering->size) {
        uint32_t index = rows->row_tensor[row];
        const struct rog_rows_tensor *tensor = &rows->tensors[index];
        double sum = 0;
        uint64_t elements = 0;
        rog_set_add(&worker->tensors, index);
        for (; row < tensor->first_row + tensor->rows; row = rog_set_next(answering, row + 1)) {
            elements += tensor->row_size;
            if (rog_worker_has_values(worker))
                sum += rog_kernel_absolute(worker->contribution.update + rog_rows_offset(rows, row),
                                           tensor->row_size);
        }
        double mean = sum / (double)elements;
        if (!(mean <= ROG_WIRE_UPDATE_MAX))
            return rog_fail(err, ROG_EFAILED,
                            "the unsent update of tensor %u%s%s is %g per element: the training "
                            "has diverged; try a smaller learning rate",
                            index, tensor->name ? ", " : "", tensor->name ? tensor->name : "",
                            mean);
        worker->demanded_scale[index] =
            way->whole ? worker->push_scale[index] : rog_codec_scale(way->codec, sum, elements);
    }
    return 0;
}

static int begin_answer(struct rog_worker *worker, double now, uint8_t *buffer, size_t *size,
                        struct rog_error *err)
{
    struct rog_set empty = worker->answering;
    worker->answering = worker->demanded;
    worker->demanded = empty;
    worker->outgoing = ROG_WIRE_DEMANDED;
    worker->outgoing_iteration = worker->status.iteration;
    worker->outgoing_rows = 0;
    worker->outgoing_began_s = now;
    int code = measure_answer(worker, err);
    if (code)
        return code;
    struct rog_wire_header header = header_of(worker, ROG_WIRE_BEGIN);
    *size = rog_wire_put_begin(buffer, &header, &worker->tensors, worker->demanded_scale, NULL);
    return 0;
}

/* Adds a row to the current message. */
static void pick_row(struct rog_worker *worker, uint32_t row)
{
    rog_set_add(&worker->picked, row);
    worker->status.ages_pushed += worker->outgoing_iteration - worker->version[row];
    worker->version[row] = worker->outgoing_iteration;
}

/* Picks the rows of the next message: demanded rows first, then the planned ones. */
static void pick_rows(struct rog_worker *worker, double now, size_t bytes)
{
    bool push = worker->outgoing == ROG_WIRE_PUSH;
    struct rog_set *first = push ? &worker->demanded : &worker->answering;
    struct rog_wire_room room;
    rog_wire_room_init(&room, worker->rows, push_way(worker, worker->outgoing_iteration), bytes);
    rog_set_clear(&worker->picked);
    if (push && worker->status.silent)
        return;

    uint32_t row;
    for (row = rog_set_next(first, 0); row < first->size; row = rog_set_next(first, row + 1)) {
        if (!rog_wire_room_row(&room, row))
            return;
        pick_row(worker, row);
        rog_set_remove(first, row);
    }
    while (push && rog_sending_peek(&worker->sending, now, &row)) {
        if (worker->version[row] < worker->outgoing_iteration) {
            if (!rog_wire_room_row(&room, row))
                return;
            pick_row(worker, row);
        }
        worker->sending.next++;
    }
}

static struct rog_coding coding_of(const struct rog_worker *worker)
{
    bool push = worker->outgoing == ROG_WIRE_PUSH;
    uint32_t iteration = worker->outgoing_iteration;
    return (struct rog_coding){
        .rows = worker->rows,
        .way = push_way(worker, iteration),
        .scale = push ? worker->push_scale : worker->demanded_scale,
        .scratch = worker->scratch,
        .level = worker->sending.level,
        .memory = worker->memory,
        .iteration = iteration,
        .seed = rog_coding_seed(worker->rows, ROG_ROWS_PUSH, worker->worker, iteration)};
}

/* Fails for a row that the server would reject, although the mean of its tensor is not too
 * large. */
static int refuse_row(const struct rog_worker *worker, uint32_t row, const char *why,
                      struct rog_error *err)
{
    uint32_t index = worker->rows->row_tensor[row];
    const char *name = worker->rows->tensors[index].name;
    return rog_fail(
        err, ROG_EFAILED,
        "row %u of tensor %u%s%s has %s: the training has diverged; try a smaller learning rate",
        row - worker->rows->tensors[index].first_row, index, name ? ", " : "", name ? name : "",
        why);
}

/* Encodes each row with the codec; without values, writes its level if the codec has levels. Adds
 * their size to *size. */
static int put_rows(struct rog_worker *worker, uint32_t count, uint8_t *buffer, size_t *size,
                    struct rog_error *err)
{
    const struct rog_rows *rows = worker->rows;
    struct rog_coding coding = coding_of(worker);
    float *update = worker->contribution.update;
    rog_coding_begin(&coding);
    coding.row.limit = ROG_WIRE_UPDATE_MAX;
    if (!update)
        *size += rog_coding_put_levels(&coding, worker->list, count, buffer + *size);
    for (uint32_t i = 0; update && i < count; i++) {
        uint32_t row = worker->list[i];
        const struct rog_codec *codec = coding.way->codec;
        const struct rog_codec_row *coded = rog_coding_row(&coding, row);
        const char *why = "";
        rog_prefetch(rows, update, NULL, worker->list, count, i);
        size_t took =
            rog_codec_encode(codec, coded, update + rog_rows_offset(rows, row), buffer + *size);
        if (!codec->check(coded, buffer + *size, took, &why))
            return refuse_row(worker, row, why, err);
        *size += took;
        rog_contribution_sent(&worker->contribution, row);
    }
    return 0;
}

static int send_rows(struct rog_worker *worker, double now, uint8_t *buffer, size_t bytes,
                     size_t *size, struct rog_error *err)
{
    pick_rows(worker, now, bytes);
    if (worker->picked.count == 0)
        return 0;
    struct rog_wire_header header = header_of(worker, ROG_WIRE_ROWS);
    *size = rog_wire_put_numbers(buffer, &header, &worker->picked);
    uint32_t count = rog_set_list(&worker->picked, worker->list);
    rog_worker_count_rows(worker, worker->list, count, worker->pushed_rows);
    worker->outgoing_rows += worker->picked.count;
    worker->status.rows_pushed += worker->picked.count;
    return put_rows(worker, count, buffer, size, err);
}

static size_t end_stream(struct rog_worker *worker, double now, uint8_t *buffer)
{
    struct rog_wire_header header = header_of(worker, ROG_WIRE_END);
    double duration_s = now - worker->outgoing_began_s;
    bool push = worker->outgoing == ROG_WIRE_PUSH;
    bool reports = push && (worker->strategy->wants & ROG_WANTS_REPORTS);
    if (push) {
        rog_sending_release(&worker->sending);
        rog_node_pushed(&worker->node, worker->sent_bytes, duration_s);
        worker->phase = ROG_WORKER_WAITING;
    }
    worker->outgoing = ROG_WIRE_NONE;
    return rog_wire_put_end(buffer, &header, worker->outgoing_rows, duration_s,
                            reports ? &worker->report : NULL);
}

int rog_worker_send(struct rog_worker *worker, double now, uint8_t *buffer, size_t bytes,
                    size_t *size, struct rog_error *err)
{
    *size = 0;
    if (bytes < worker->least_bytes)
        return rog_fail(err, ROG_EINVAL, "a buffer of %zu bytes, at least %zu are needed", bytes,
                        worker->least_bytes);
    bool push = worker->outgoing == ROG_WIRE_PUSH;
    if (worker->outgoing != ROG_WIRE_NONE) {
        int code = send_rows(worker, now, buffer, bytes, size, err);
        if (code)
            return code;
        if (*size == 0)
            *size = end_stream(worker, now, buffer);
    } else if (worker->phase == ROG_WORKER_PUSHING) {
        *size = worker->is_held ? 0 : begin_push(worker, buffer);
    } else if (worker->demanded.count > 0) {
        int code = begin_answer(worker, now, buffer, size, err);
        if (code)
            return code;
    }
    size_t on_wire = rog_message_wire_bytes(worker->rows, buffer, *size);
    worker->status.bytes_pushed += on_wire;
    if (push && worker->outgoing == ROG_WIRE_PUSH)
        worker->sent_bytes += on_wire;
    return 0;
}
