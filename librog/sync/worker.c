/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's half of the protocol. */
#include <librog/sync/worker.h>

#include <stdlib.h>
#include <string.h>

#include <librog/sync/coding.h>
#include <librog/sync/history.h>
#include <librog/kernels/kernels.h>
#include <librog/sync/message.h>
#include <librog/sync/prefetch.h>
#include <librog/sync/sending.h>
#include <librog/sync/set.h>
#include <librog/sync/wire.h>

enum phase {
    COMPUTING, /* the last pull is applied */
    PUSHING,
    WAITING, /* pushed; the server has not begun the pull */
    PULLING,
};

struct rog_worker {
    const struct rog_rows *rows;
    const struct rog_strategy *strategy;
    struct rog_strategy_config policy;
    uint32_t worker;
    uint32_t local_steps; /* the setting */
    struct rog_sender sender;
    const struct rog_magnitude_hook *magnitudes;
    void *state;   /* the strategy's */
    float *memory; /* what the codec keeps of pushes; NULL: nothing */
    void *scratch; /* that codecs work with; NULL without values */
    struct rog_contribution contribution;
    bool overlap; /* the setting: an iteration is computed while the exchange before it goes on */

    enum phase phase;
    struct rog_worker_status status;
    struct rog_history history; /* came with the last pull */
    struct rog_node_view node;  /* what is known of this worker itself */
    uint32_t planned_steps;     /* of the iteration at hand */
    bool planned_overlap;       /* of its exchange */
    bool overlaps;              /* of the last push's */
    struct rog_report report;   /* of the iteration that is being pushed */

    uint32_t *version;       /* [row]: iteration it was last sent in, 0: never */
    struct rog_set demanded; /* rows the server has asked for and that have not gone out */

    /* The stream that is going out (ROG_WIRE_NONE: none), its rows so far, and for demanded rows
     * those still to go. */
    enum rog_wire_stream outgoing;
    uint32_t outgoing_iteration, outgoing_rows;
    double outgoing_began_s;
    struct rog_set answering;
    struct rog_sending sending; /* the push */
    bool is_held;               /* it does not begin yet */
    uint64_t sent_bytes;        /* of its rows */
    float *push_scale;          /* [tensor] */
    float *demanded_scale;      /* [tensor] */

    struct rog_set pulled; /* rows of the pull so far */
    bool pull_is_silent;
    double pull_began_s;
    uint64_t pulled_bytes; /* of its rows */
    float *pull_scale;     /* [tensor] */

    uint32_t *pushed_rows, *pulled_rows; /* [tensor]: of status.rows_pushed, rows_pulled */

    struct rog_set picked;  /* rows of the message being written */
    uint32_t *list;         /* [row]: rows of the message at hand, ascending */
    size_t least_bytes;     /* of a buffer to send with */
    struct rog_set tensors; /* of the stream being begun */
};

/* ---- life ---- */

static bool has_values(const struct rog_worker *worker)
{
    return worker->contribution.values != NULL;
}

#define ROW_SETS 4

static int build(struct rog_worker *worker, struct rog_error *err)
{
    const struct rog_rows *rows = worker->rows;
    struct rog_set *const row_sets[ROW_SETS] = {&worker->demanded, &worker->answering,
                                                &worker->pulled, &worker->picked};
    int code = rog_set_init(&worker->tensors, rows->tensor_count, err);
    for (size_t i = 0; i < ROW_SETS && !code; i++)
        code = rog_set_init(row_sets[i], rows->row_count, err);
    if (code)
        return code;
    worker->least_bytes = rog_message_min_bytes(rows);
    worker->list = malloc(rows->row_count * sizeof *worker->list);
    worker->version = calloc(rows->row_count, sizeof *worker->version);
    worker->push_scale = calloc(rows->tensor_count, sizeof *worker->push_scale);
    worker->demanded_scale = calloc(rows->tensor_count, sizeof *worker->demanded_scale);
    worker->pull_scale = calloc(rows->tensor_count, sizeof *worker->pull_scale);
    worker->pushed_rows = calloc(rows->tensor_count, sizeof *worker->pushed_rows);
    worker->pulled_rows = calloc(rows->tensor_count, sizeof *worker->pulled_rows);
    if (!worker->list || !worker->version || !worker->push_scale || !worker->demanded_scale ||
        !worker->pull_scale || !worker->pushed_rows || !worker->pulled_rows)
        return rog_fail_nomem(err);
    if (has_values(worker)) {
        worker->scratch = malloc(rog_rows_scratch_bytes(rows) + 1);
        if (!worker->scratch)
            return rog_fail_nomem(err);
        code = rog_way_memory(&rows->way[ROG_ROWS_PUSH], &worker->memory, err);
        if (code)
            return code;
    }
    return rog_strategy_start(worker->strategy, &worker->policy, &worker->state, err);
}

int rog_worker_new(struct rog_worker **out, const struct rog_worker_config *config,
                   float *const *tensors, struct rog_error *err)
{
    *out = NULL;
    if (config->policy.rows != config->rows->row_count || config->worker >= config->policy.workers)
        return rog_fail(err, ROG_EINVAL, "worker %u of %u with a strategy for %u rows of %u",
                        config->worker, config->policy.workers, config->policy.rows,
                        config->rows->row_count);
    struct rog_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return rog_fail_nomem(err);
    worker->rows = config->rows;
    worker->strategy = config->strategy;
    worker->policy = config->policy;
    worker->policy.model = &config->rows->model;
    worker->policy.worker = worker->worker = config->worker;
    worker->local_steps = worker->planned_steps = config->local_steps ? config->local_steps : 1;
    rog_node_init(&worker->node);
    rog_report_init(&worker->report);
    worker->sender = config->sender;
    worker->magnitudes = config->magnitudes;
    const struct rog_contribution_config *contribution =
        config->contribution ? config->contribution : &rog_contribution_default;
    worker->overlap = worker->planned_overlap = worker->overlaps = contribution->overlap;
    int code =
        rog_contribution_init(&worker->contribution, contribution, config->rows, tensors, err);
    if (!code)
        code = build(worker, err);
    if (code)
        rog_worker_free(worker);
    else
        *out = worker;
    return code;
}

void rog_worker_free(struct rog_worker *worker)
{
    if (!worker)
        return;
    rog_strategy_stop(worker->strategy, worker->state);
    rog_set_release(&worker->tensors);
    rog_set_release(&worker->picked);
    rog_set_release(&worker->pulled);
    rog_set_release(&worker->answering);
    rog_set_release(&worker->demanded);
    rog_sending_release(&worker->sending);
    free(worker->pulled_rows);
    free(worker->pushed_rows);
    free(worker->pull_scale);
    free(worker->demanded_scale);
    free(worker->push_scale);
    free(worker->version);
    free(worker->list);
    rog_contribution_release(&worker->contribution);
    free(worker->scratch);
    free(worker->memory);
    free(worker);
}

/* ---- work ---- */

int rog_worker_begin(struct rog_worker *worker, double now, struct rog_error *err)
{
    const struct rog_strategy *strategy = worker->strategy;
    struct rog_work_plan plan = {.local_steps = worker->local_steps, .overlap = worker->overlap};
    const struct rog_work_view view = {.iteration = worker->status.iteration + 1,
                                       .local_steps = worker->local_steps,
                                       .now = now,
                                       .history = worker->history,
                                       .node = &worker->node};
    if (strategy->plan_work)
        strategy->plan_work(worker->state, &worker->policy, &view, &plan);
    if (plan.local_steps < 1 || plan.local_steps > ROG_LOCAL_STEPS_MAX)
        return rog_fail(err, ROG_EINVAL,
                        "strategy %s planned %u local steps for iteration %u, 1 to %u are possible",
                        strategy->name, plan.local_steps, view.iteration, ROG_LOCAL_STEPS_MAX);
    if (plan.overlap && !worker->overlap)
        return rog_fail(err, ROG_EINVAL,
                        "strategy %s planned to compute while an exchange goes on, which the "
                        "setting overlap does not allow",
                        strategy->name);
    worker->planned_steps = plan.local_steps;
    worker->planned_overlap = plan.overlap;
    return 0;
}

uint32_t rog_worker_local_steps(const struct rog_worker *worker)
{
    return worker->planned_steps;
}

bool rog_worker_overlaps(const struct rog_worker *worker)
{
    return worker->overlaps;
}

/* ---- what is counted of an iteration ---- */

static void begin_counting(struct rog_worker *worker, uint32_t iteration)
{
    size_t bytes = worker->rows->tensor_count * sizeof *worker->pushed_rows;
    worker->status = (struct rog_worker_status){.iteration = iteration};
    memset(worker->pushed_rows, 0, bytes);
    memset(worker->pulled_rows, 0, bytes);
}

/* Rows, ascending, one by one to their tensors. */
static void count_rows(const struct rog_worker *worker, const uint32_t *list, uint32_t count,
                       uint32_t *tensor_rows)
{
    for (uint32_t i = 0; i < count; i++)
        tensor_rows[worker->rows->row_tensor[list[i]]]++;
}

/* ---- push ---- */

static struct rog_wire_header header_of(const struct rog_worker *worker, enum rog_wire_kind kind)
{
    return (struct rog_wire_header){.kind = kind,
                                    .stream = worker->outgoing,
                                    .values = has_values(worker),
                                    .iteration = worker->outgoing_iteration};
}

static const struct rog_way *push_way(const struct rog_worker *worker, uint32_t iteration)
{
    return rog_rows_way(worker->rows, ROG_ROWS_PUSH, iteration);
}

/* Where all of the model has one scale. */
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
                        "what waits has a scale of %g: the training has diverged, try a smaller "
                        "learning rate",
                        (double)scale);
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        worker->push_scale[i] = scale;
    return 0;
}

/* What was asked for between two pushes and has not gone out goes with the push. */
static void give_back_answer(struct rog_worker *worker)
{
    for (uint32_t row = rog_set_next(&worker->answering, 0); row < worker->answering.size;
         row = rog_set_next(&worker->answering, row + 1))
        rog_set_add(&worker->demanded, row);
    rog_set_clear(&worker->answering);
}

/* Mean |w| of each row. */
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
    if (worker->phase != COMPUTING)
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

    begin_counting(worker, worker->status.iteration + 1);
    worker->phase = PUSHING;
    worker->sent_bytes = 0;
    worker->overlaps = worker->planned_overlap;
    give_back_answer(worker);
    if (has_values(worker))
        code = rog_contribution_add(&worker->contribution, given,
                                    push_way(worker, worker->status.iteration), scratch.magnitude,
                                    worker->push_scale, err);
    if (!code && has_values(worker))
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
    if (!held && worker->phase == PUSHING && worker->outgoing != ROG_WIRE_PUSH)
        worker->sending.began_s = now;
}

/* A silent one names no tensors: it has no rows, and those that are asked for from now on are sent
 * when it is over. */
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

/* The scales of demanded rows are from these rows alone, unless one is from all of the model. */
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
            if (has_values(worker))
                sum += rog_kernel_absolute(worker->contribution.update + rog_rows_offset(rows, row),
                                           tensor->row_size);
        }
        double mean = sum / (double)elements;
        if (!(mean <= ROG_WIRE_UPDATE_MAX))
            return rog_fail(err, ROG_EFAILED,
                            "what waits of tensor %u%s%s is %g an element: the training has "
                            "diverged, try a smaller learning rate",
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

/* Picks the rows of the next message: demanded ones first, then as planned. */
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
        rog_set_add(&worker->picked, row);
        rog_set_remove(first, row);
        worker->version[row] = worker->outgoing_iteration;
    }
    while (push && rog_sending_peek(&worker->sending, now, &row)) {
        if (worker->version[row] < worker->outgoing_iteration) {
            if (!rog_wire_room_row(&room, row))
                return;
            rog_set_add(&worker->picked, row);
            worker->version[row] = worker->outgoing_iteration;
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

/* Each row as the codec makes it; without values its level, where there are some. */
static size_t put_rows(struct rog_worker *worker, uint32_t count, uint8_t *bytes)
{
    const struct rog_rows *rows = worker->rows;
    struct rog_coding coding = coding_of(worker);
    size_t size = 0;
    rog_coding_begin(&coding);
    float *update = worker->contribution.update;
    for (uint32_t i = 0; update && i < count; i++) {
        uint32_t row = worker->list[i];
        rog_prefetch(rows, update, NULL, worker->list, count, i);
        size += rog_codec_encode(coding.way->codec, rog_coding_row(&coding, row),
                                 update + rog_rows_offset(rows, row), bytes + size);
        rog_contribution_sent(&worker->contribution, row);
    }
    return update ? size : rog_coding_put_levels(&coding, worker->list, count, bytes);
}

static size_t send_rows(struct rog_worker *worker, double now, uint8_t *buffer, size_t bytes)
{
    pick_rows(worker, now, bytes);
    if (worker->picked.count == 0)
        return 0;
    struct rog_wire_header header = header_of(worker, ROG_WIRE_ROWS);
    size_t size = rog_wire_put_numbers(buffer, &header, &worker->picked);
    uint32_t count = rog_set_list(&worker->picked, worker->list);
    count_rows(worker, worker->list, count, worker->pushed_rows);
    size += put_rows(worker, count, buffer + size);
    worker->outgoing_rows += worker->picked.count;
    worker->status.rows_pushed += worker->picked.count;
    return size;
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
        worker->phase = WAITING;
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
        *size = send_rows(worker, now, buffer, bytes);
        if (*size == 0)
            *size = end_stream(worker, now, buffer);
    } else if (worker->phase == PUSHING) {
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

/* ---- receiving ---- */

static int receive_begin(struct rog_worker *worker, const struct rog_wire *wire, double now,
                         enum rog_worker_notice *notice, struct rog_error *err)
{
    if (worker->phase != WAITING)
        return rog_fail(err, ROG_EFORMAT, "a pull while none is waited for");
    worker->pull_is_silent = wire->numbers.count == 0;
    for (uint32_t i = 0; has_values(worker) && i < wire->numbers.count; i++)
        worker->pull_scale[i] = rog_wire_scale(wire, i);
    worker->history = wire->history;
    worker->pull_began_s = now;
    worker->pulled_bytes = 0;
    worker->phase = PULLING;
    worker->contribution.deferred = worker->overlaps && has_values(worker);
    rog_set_clear(&worker->pulled);
    *notice = ROG_WORKER_ADMITTED;
    return 0;
}

static int receive_rows(struct rog_worker *worker, const struct rog_wire *wire, double now,
                        enum rog_worker_notice *notice, struct rog_error *err)
{
    (void)notice, (void)now;
    if (worker->phase != PULLING)
        return rog_fail(err, ROG_EFORMAT, "rows outside a pull");
    if (worker->pull_is_silent)
        return rog_fail(err, ROG_EFORMAT, "rows in a pull without scales");
    const struct rog_rows *rows = worker->rows;
    const uint32_t *list = worker->list;
    uint32_t count = rog_wire_list(wire, worker->list);
    for (uint32_t i = 0; i < count; i++)
        if (rog_set_has(&worker->pulled, list[i]))
            return rog_fail(err, ROG_EFORMAT, "row %u comes twice in a pull", list[i]);
    for (uint32_t i = 0; i < count; i++)
        rog_set_add(&worker->pulled, list[i]);

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
    count_rows(worker, list, count, worker->pulled_rows);
    worker->status.rows_pulled = worker->pulled.count;
    return 0;
}

static int receive_end(struct rog_worker *worker, const struct rog_wire *wire, double now,
                       enum rog_worker_notice *notice, struct rog_error *err)
{
    if (worker->phase != PULLING)
        return rog_fail(err, ROG_EFORMAT, "the end of a pull outside a pull");
    if (wire->rows != worker->pulled.count)
        return rog_fail(err, ROG_EFORMAT, "%u rows are said to be sent, %u came", wire->rows,
                        worker->pulled.count);
    rog_node_pulled(&worker->node, worker->pulled_bytes, now - worker->pull_began_s);
    worker->phase = COMPUTING;
    *notice = ROG_WORKER_PULLED;
    return 0;
}

static int receive_request(struct rog_worker *worker, const struct rog_wire *wire, double now,
                           enum rog_worker_notice *notice, struct rog_error *err)
{
    (void)now;
    if (wire->header.iteration > worker->status.iteration)
        return rog_fail(err, ROG_EFORMAT, "rows of iteration %u are asked for, this is %u",
                        wire->header.iteration, worker->status.iteration);
    struct rog_wire_numbers numbers = wire->numbers;
    uint32_t first, length;
    while (rog_wire_run(&numbers, &first, &length))
        for (uint32_t row = first; row < first + length; row++)
            /* Rows that are new enough here are on their way; the others may be too. */
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
    if (!code && wire.header.values != has_values(worker))
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

void rog_worker_merge(struct rog_worker *worker)
{
    if (worker->phase == COMPUTING)
        rog_contribution_merge(&worker->contribution, &worker->pulled);
}

void rog_worker_join(struct rog_worker *worker, uint32_t iteration)
{
    rog_sending_release(&worker->sending);
    rog_set_clear(&worker->demanded);
    rog_set_clear(&worker->answering);
    rog_set_clear(&worker->pulled);
    for (uint32_t row = 0; row < worker->rows->row_count; row++)
        worker->version[row] = iteration;
    worker->outgoing = ROG_WIRE_NONE;
    worker->is_held = false;
    worker->phase = COMPUTING;
    begin_counting(worker, iteration);
    worker->history = (struct rog_history){0};
    rog_contribution_join(&worker->contribution);
}

static void archive_status(struct rog_worker_status *status, struct rog_archive *archive)
{
    rog_archive_u32(archive, &status->iteration);
    rog_archive_u32(archive, &status->rows_pushed);
    rog_archive_u32(archive, &status->rows_pulled);
    rog_archive_u64(archive, &status->bytes_pushed);
    rog_archive_u64(archive, &status->bytes_pulled);
    rog_archive_flag(archive, &status->silent);
}

static void archive_report(struct rog_report *report, struct rog_archive *archive)
{
    rog_archive_real(archive, &report->compute_s);
    rog_archive_real(archive, &report->loss);
    rog_archive_real(archive, &report->energy_j);
    rog_archive_u32(archive, &report->local_steps);
}

/* What is going out. */
static void archive_outgoing(struct rog_worker *worker, struct rog_archive *archive)
{
    uint32_t outgoing = worker->outgoing;
    rog_archive_number(archive, &outgoing, ROG_WIRE_DEMANDED, "what a worker is sending");
    worker->outgoing = outgoing;
    rog_archive_u32(archive, &worker->outgoing_iteration);
    rog_archive_u32(archive, &worker->outgoing_rows);
    rog_archive_real(archive, &worker->outgoing_began_s);
    rog_archive_flag(archive, &worker->is_held);
    rog_archive_u64(archive, &worker->sent_bytes);
    archive_report(&worker->report, archive);
    if (worker->phase == PUSHING)
        rog_sending_archive(&worker->sending, worker->rows, ROG_ROWS_PUSH, worker->status.iteration,
                            archive);
}

void rog_worker_archive(struct rog_worker *worker, struct rog_archive *archive)
{
    const struct rog_rows *rows = worker->rows;
    size_t tensors = rows->tensor_count;
    uint32_t phase = worker->phase;
    rog_archive_number(archive, &phase, PULLING, "what a worker is doing");
    worker->phase = phase;
    archive_status(&worker->status, archive);
    rog_history_archive(&worker->history, archive);
    rog_node_archive(&worker->node, archive);
    rog_archive_number(archive, &worker->planned_steps, ROG_LOCAL_STEPS_MAX, "local steps");
    rog_archive_flag(archive, &worker->planned_overlap);
    rog_archive_flag(archive, &worker->overlaps);
    rog_archive_flag(archive, &worker->pull_is_silent);
    rog_archive_real(archive, &worker->pull_began_s);
    rog_archive_u64(archive, &worker->pulled_bytes);
    rog_archive_bytes(archive, worker->version, rows->row_count * sizeof *worker->version);
    rog_set_archive(&worker->demanded, archive);
    rog_set_archive(&worker->answering, archive);
    rog_set_archive(&worker->pulled, archive);
    archive_outgoing(worker, archive);
    rog_archive_bytes(archive, worker->push_scale, tensors * sizeof *worker->push_scale);
    rog_archive_bytes(archive, worker->demanded_scale, tensors * sizeof *worker->demanded_scale);
    rog_archive_bytes(archive, worker->pull_scale, tensors * sizeof *worker->pull_scale);
    rog_archive_bytes(archive, worker->pushed_rows, tensors * sizeof *worker->pushed_rows);
    rog_archive_bytes(archive, worker->pulled_rows, tensors * sizeof *worker->pulled_rows);
    rog_contribution_archive(&worker->contribution, archive);
    if (worker->memory)
        rog_archive_bytes(archive, worker->memory,
                          rows->way[ROG_ROWS_PUSH].memory_floats * sizeof *worker->memory);
    rog_strategy_archive(worker->strategy, &worker->policy, worker->state, archive);
}

void rog_worker_status(const struct rog_worker *worker, struct rog_worker_status *status)
{
    *status = worker->status;
    status->pushing = worker->phase == PUSHING;
    status->budget_s = worker->phase == PUSHING ? worker->sending.budget_s : 0;
    status->waiting =
        worker->phase == PUSHING || worker->phase == WAITING || worker->phase == PULLING;
}

const uint32_t *rog_worker_pushed_rows(const struct rog_worker *worker)
{
    return worker->pushed_rows;
}

const uint32_t *rog_worker_pulled_rows(const struct rog_worker *worker)
{
    return worker->pulled_rows;
}

const float *rog_worker_residual(const struct rog_worker *worker)
{
    return worker->contribution.update;
}

void rog_worker_state(struct rog_worker *worker, uint32_t tensor, float **momentum, float **update)
{
    uint64_t at = worker->rows->tensors[tensor].offset;
    const struct rog_contribution *contribution = &worker->contribution;
    *momentum = contribution->momentum ? contribution->momentum + at : NULL;
    *update = contribution->update ? contribution->update + at : NULL;
}
