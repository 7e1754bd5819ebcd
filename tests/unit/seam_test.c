/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the core does for codecs (rog/codec.h): rows of whole tensors, their kept state, seeds,
 * levels, a scale of the whole model, another codec for pulls, a warm-up.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/archive.h>
#include <librog/kernels/float_bytes.h>
#include <librog/sync/coding.h>
#include <librog/sync/message.h>
#include <librog/sync/wire.h>

#include "seam_codecs.h"
#include "sync_cluster.h"

/* ---- the row table ---- */

static void test_rows_of_tensors(void **state)
{
    (void)state;
    struct rog_rows *rows = cluster_rows(false);
    uint32_t usual = rows->row_count;
    struct rog_rows_codecs codecs = {.push = rog_codecs[0], .pull = &seam_column};
    rog_rows_set_name(rows, 2, "conv");
    assert_int_equal(rog_rows_set_codecs(rows, &codecs, NULL), 0);
    assert_int_equal(rows->row_count, rows->tensor_count);
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        assert_int_equal(rog_rows_size(rows, i), rows->tensors[i].size);
        assert_int_equal(rows->model.row_elements[i], rows->tensors[i].size);
        assert_int_equal(rows->model.first_row[i + 1], i + 1);
        assert_int_equal(rog_rows_offset(rows, i), rows->tensors[i].offset);
    }
    assert_int_equal(rows->tensors[0].width, 30);  /* of 40 x 30 */
    assert_int_equal(rows->tensors[2].width, 100); /* of 10 x 10 x 10 */
    assert_string_equal(rows->model.names[2], "conv");

    assert_int_equal(
        rog_rows_set_codecs(rows, &(struct rog_rows_codecs){.push = &seam_halves}, NULL), 0);
    assert_int_equal(rows->row_count, usual);
    assert_int_equal(rows->model.levels, 2);
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        assert_int_equal(rows->model.push_bytes[2 * i], 1 + 4 * rows->tensors[i].width);
        assert_int_equal(rows->model.pull_bytes[2 * i + 1], 1 + 2 * rows->tensors[i].width);
    }
    rog_rows_free(rows);
}

static void nothing(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    (void)row;
    *bytes = (struct rog_codec_bytes){0};
}

static void test_refused(void **state)
{
    (void)state;
    static const struct rog_parameter needs[] = {{.name = "x", .fallback = "1"}, {.name = NULL}};
    struct rog_codec wrong = seam_halves;
    struct rog_error err;
    struct rog_rows *rows = cluster_rows(true);
    wrong.bytes = nothing;
    assert_int_equal(rog_rows_set_codecs(rows, &(struct rog_rows_codecs){.push = &wrong}, &err),
                     ROG_EINVAL);
    assert_non_null(
        strstr(err.message, "codec halves: invalid size of a row of 8 elements: 0 to 0 bytes"));
    wrong = seam_halves;
    wrong.parameters = needs;
    assert_int_equal(rog_rows_set_codecs(rows, &(struct rog_rows_codecs){.push = &wrong}, &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "halves was given no parameters"));
    rog_rows_free(rows);
}

static void test_large_tensors(void **state)
{
    (void)state;
    static const uint32_t dims = 2, shape[] = {70000, 70000};
    struct rog_rows *rows;
    struct rog_error err;
    assert_int_equal(rog_rows_new(&rows, &dims, shape, 1, NULL), 0);
    assert_int_equal(
        rog_rows_set_codecs(rows, &(struct rog_rows_codecs){.push = &seam_column}, &err),
        ROG_EINVAL);
    assert_non_null(strstr(err.message, "compression column supports whole tensors of at most"));
    rog_rows_free(rows);
}

/* ---- one worker and a server, step by step ---- */

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

/* All rows, the odd ones at the last level. */
static void plan(const struct rog_strategy_config *config, uint32_t levels,
                 struct rog_send_plan *plan_out)
{
    for (uint32_t row = 0; row < config->rows; row++) {
        plan_out->order[row] = row;
        plan_out->level[row] = row % 2 ? (uint8_t)(levels - 1) : 0;
    }
    plan_out->count = plan_out->mandatory = config->rows;
}

static void plan_push(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *out)
{
    (void)state, (void)view;
    plan(config, config->model->levels, out);
}

static void plan_pull(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *out)
{
    (void)state, (void)view;
    plan(config, config->model->pull_levels, out);
}

static const struct rog_strategy alternating = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "ALTERNATING",
    .plan_push = plan_push,
    .plan_pull = plan_pull,
    .admit = admit,
};

#define MOST 32768

/* Consecutive messages of a stream. */
struct stream {
    uint8_t bytes[MOST];
    size_t size, first_size; /* of the first of its messages */
    size_t wire_bytes;       /* sum that they would have with values */
};

struct pair {
    struct rog_rows *rows;
    struct rog_server *server;
    struct rog_worker *worker;
    float *start, *params, *gradients;
    bool values;
    struct stream push, pull;
};

static float *floats(const struct rog_rows *rows)
{
    float *values = calloc(rows->params, sizeof *values);
    assert_non_null(values);
    return values;
}

static struct rog_worker *new_worker(struct pair *pair)
{
    struct rog_worker *worker;
    struct rog_worker_config config = {.rows = pair->rows,
                                       .strategy = &alternating,
                                       .policy = {.rows = pair->rows->row_count, .workers = 1}};
    assert_int_equal(flat_worker_new(&worker, &config, pair->values ? pair->params : NULL, NULL),
                     0);
    return worker;
}

static struct rog_server *new_server(struct pair *pair)
{
    struct rog_server *server;
    struct rog_server_config config = {.rows = pair->rows,
                                       .strategy = &alternating,
                                       .policy = {.rows = pair->rows->row_count, .workers = 1}};
    assert_int_equal(rog_server_new(&server, &config, pair->values ? pair->start : NULL, NULL), 0);
    return server;
}

static void pair_init(struct pair *pair, const struct rog_rows_codecs *codecs, bool values)
{
    *pair = (struct pair){.rows = cluster_rows(false), .values = values};
    assert_int_equal(rog_rows_set_codecs(pair->rows, codecs, NULL), 0);
    pair->start = floats(pair->rows);
    pair->params = floats(pair->rows);
    pair->gradients = floats(pair->rows);
    pair->worker = new_worker(pair);
    pair->server = new_server(pair);
}

static void pair_release(struct pair *pair)
{
    rog_worker_free(pair->worker);
    rog_server_free(pair->server);
    rog_rows_free(pair->rows);
    free(pair->start);
    free(pair->params);
    free(pair->gradients);
}

static uint8_t *stream_room(struct stream *stream)
{
    return stream->bytes + stream->size;
}

static void stream_took(struct pair *pair, struct stream *stream, size_t size)
{
    stream->wire_bytes += rog_message_wire_bytes(pair->rows, stream_room(stream), size);
    if (stream->size == 0)
        stream->first_size = size;
    stream->size += size;
}

static void begin(struct pair *pair, uint32_t iteration)
{
    struct rog_rng rng;
    rog_rng_init(&rng, iteration);
    for (uint64_t i = 0; i < pair->rows->params; i++)
        pair->gradients[i] = (float)rog_rng_normal(&rng);
    const struct rog_rule rule = {.learning_rate = 0.01, .kind = ROG_RULE_BLOCK};
    assert_int_equal(flat_worker_push(pair->worker, pair->rows,
                                      pair->values ? pair->gradients : NULL, &rule, 0, NULL),
                     0);
    pair->push = pair->pull = (struct stream){0};
}

static void push(struct pair *pair)
{
    size_t size;
    for (;;) {
        uint8_t *at = stream_room(&pair->push);
        assert_int_equal(rog_worker_send(pair->worker, 0, at, MOST - pair->push.size, &size, NULL),
                         0);
        if (size == 0)
            return;
        stream_took(pair, &pair->push, size);
        assert_int_equal(rog_server_receive(pair->server, 0, at, size, 0, NULL), 0);
    }
}

static void pull(struct pair *pair)
{
    enum rog_worker_notice notice = ROG_WORKER_NOTHING;
    size_t size;
    while (notice != ROG_WORKER_PULLED) {
        uint8_t *at = stream_room(&pair->pull);
        assert_int_equal(
            rog_server_send(pair->server, 0, 0, at, MOST - pair->pull.size, &size, NULL), 0);
        assert_true(size > 0);
        stream_took(pair, &pair->pull, size);
        assert_int_equal(rog_worker_receive(pair->worker, at, size, 0, &notice, NULL), 0);
    }
}

static void exchange(struct pair *pair, uint32_t iteration)
{
    begin(pair, iteration);
    push(pair);
    pull(pair);
}

/* Parses the message of rows, which follows that of scales: all of them fit into one. */
static void rows_of(const struct pair *pair, const struct stream *stream, struct rog_wire *wire)
{
    const uint8_t *at = stream->bytes + stream->first_size;
    size_t size = stream->size - stream->first_size - 20;
    assert_int_equal(rog_wire_parse(pair->rows, at, size, wire, NULL), 0);
    assert_int_equal(wire->header.kind, ROG_WIRE_ROWS);
}

static float scale_of(const struct pair *pair, const struct stream *stream, uint32_t tensor)
{
    struct rog_wire wire;
    assert_int_equal(rog_wire_parse(pair->rows, stream->bytes, stream->first_size, &wire, NULL), 0);
    return rog_wire_scale(&wire, tensor);
}

/* ---- kept state, also through an archive ---- */

struct saved {
    uint8_t bytes[1 << 20];
    size_t size;
};

static int take(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct saved *saved = user;
    (void)err;
    assert_true(saved->size + size <= sizeof saved->bytes);
    memcpy(saved->bytes + saved->size, bytes, size);
    saved->size += size;
    return 0;
}

/* Replaces worker and server by new ones that load their state. */
static void begin_over(struct pair *pair)
{
    struct saved *saved = calloc(1, sizeof *saved);
    struct rog_archive archive;
    assert_non_null(saved);
    rog_archive_save(&archive, take, saved);
    rog_worker_archive(pair->worker, &archive);
    rog_server_archive(pair->server, &archive);
    assert_int_equal(rog_archive_end(&archive, NULL), 0);
    rog_worker_free(pair->worker);
    rog_server_free(pair->server);
    pair->worker = new_worker(pair);
    pair->server = new_server(pair);
    rog_archive_load(&archive, saved->bytes, saved->size);
    rog_worker_archive(pair->worker, &archive);
    rog_server_archive(pair->server, &archive);
    assert_int_equal(rog_archive_end(&archive, NULL), 0);
    free(saved);
}

static void test_kept(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair, &(struct rog_rows_codecs){.push = &seam_column}, true);
    for (uint32_t iteration = 1; iteration <= 5; iteration++) {
        struct rog_wire wire;
        exchange(&pair, iteration);
        rows_of(&pair, &pair.push, &wire);
        assert_int_equal(wire.payload[0], iteration - 1); /* the column of the first tensor */
        rows_of(&pair, &pair.pull, &wire);
        assert_int_equal(wire.payload[0], iteration - 1);
        if (iteration == 3)
            begin_over(&pair);
    }
    /* A worker that reconnects gets the first one again, and continues with its own. */
    uint32_t iteration;
    assert_int_equal(rog_server_join(pair.server, 0, 0, &iteration, NULL), 0);
    rog_worker_join(pair.worker, iteration);
    struct rog_wire wire;
    exchange(&pair, 6);
    rows_of(&pair, &pair.push, &wire);
    assert_int_equal(wire.payload[0], 5);
    rows_of(&pair, &pair.pull, &wire);
    assert_int_equal(wire.payload[0], 0);
    pair_release(&pair);
}

/* ---- seeds ---- */

#define SEEDS 4096

struct seeds {
    uint64_t seed[SEEDS];
    uint32_t count;
};

struct seeds_parameters {
    struct seeds *seen;
};

static void seen_bytes(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    (void)row;
    bytes->least = bytes->most = 1;
}

static float no_scale(double sum, uint64_t elements)
{
    (void)sum, (void)elements;
    return 0;
}

static size_t seen_encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    struct seeds *seen = ((const struct seeds_parameters *)row->parameters)->seen;
    (void)values;
    assert_true(seen->count < SEEDS);
    seen->seed[seen->count++] = row->seed;
    bytes[0] = 0;
    return 1;
}

static void seen_decode(const struct rog_codec_row *row, float share, const uint8_t *bytes,
                        float *w)
{
    (void)row, (void)share, (void)bytes, (void)w;
}

static size_t seen_check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                         const char **why)
{
    (void)row, (void)bytes, (void)size, (void)why;
    return 1;
}

static const struct rog_codec seeing = {
    .name = "seeing",
    .bytes = seen_bytes,
    .scale = no_scale,
    .encode = seen_encode,
    .decode = seen_decode,
    .check = seen_check,
};

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Checks the seeds of the last stream. */
static void check_seeds(const struct pair *pair, enum rog_rows_direction direction,
                        uint32_t iteration, const struct seeds *seen)
{
    uint64_t stream = rog_coding_seed(pair->rows, direction, 0, iteration);
    uint32_t rows = pair->rows->row_count;
    for (uint32_t row = 0; row < rows; row++)
        assert_true(seen->seed[seen->count - rows + row] == stream + row * ROG_CODING_STRIDE);
}

/* No two rows of a run get the same seed, nor do runs with different seeds; repeats of a run do.
 * Each follows from direction, worker, iteration and row. */
static void test_seeds(void **state)
{
    (void)state;
    static struct seeds seen, first;
    struct seeds_parameters parameters = {&seen};
    for (uint64_t run = 0; run < 3; run++) {
        struct pair pair;
        if (run == 2)
            first = seen, seen.count = 0;
        pair_init(&pair,
                  &(struct rog_rows_codecs){
                      .push = &seeing, .push_parameters = &parameters, .seed = run % 2},
                  true);
        for (uint32_t iteration = 1; iteration <= 3; iteration++) {
            begin(&pair, iteration);
            push(&pair);
            check_seeds(&pair, ROG_ROWS_PUSH, iteration, &seen);
            pull(&pair);
            check_seeds(&pair, ROG_ROWS_PULL, iteration, &seen);
        }
        pair_release(&pair);
    }
    assert_int_equal(first.count, 2 * 3 * 2 * 212); /* runs, iterations, directions, rows */
    assert_memory_equal(first.seed, seen.seed, seen.count * sizeof *seen.seed);
    qsort(first.seed, first.count, sizeof *first.seed, by_value);
    for (uint32_t i = 1; i < first.count; i++)
        assert_true(first.seed[i] != first.seed[i - 1]);
}

/* ---- levels ---- */

static void test_levels(void **state)
{
    (void)state;
    struct pair with, without;
    struct rog_wire wire;
    const struct rog_rows_codecs codecs = {.push = &seam_halves};
    pair_init(&with, &codecs, true);
    pair_init(&without, &codecs, false);
    exchange(&with, 1);
    exchange(&without, 1);

    size_t expected = 0;
    rows_of(&with, &with.push, &wire);
    const uint8_t *at = wire.payload;
    for (uint32_t row = 0; row < with.rows->row_count; row++) {
        uint32_t size = rog_rows_size(with.rows, row);
        assert_int_equal(at[expected], row % 2);
        expected += 1 + (row % 2 ? 2 : 4) * size;
    }
    assert_int_equal(wire.payload_bytes, expected);
    /* Without values a row has its level, and counts the same size. */
    rows_of(&without, &without.push, &wire);
    assert_int_equal(wire.payload_bytes, with.rows->row_count);
    assert_int_equal(wire.payload[0], 0);
    assert_int_equal(wire.payload[1], 1);
    assert_int_equal(without.push.wire_bytes, with.push.size);
    assert_int_equal(without.pull.wire_bytes, with.pull.size);

    uint8_t *level = (uint8_t *)wire.payload + 5;
    struct rog_error err;
    *level = 2;
    uint8_t *message = without.push.bytes + without.push.first_size;
    size_t size = without.push.size - without.push.first_size - 20;
    assert_int_equal(rog_wire_parse(without.rows, message, size, &wire, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "level 2 of a row, halves has 2"));
    *level = 1;
    assert_int_equal(rog_wire_parse(without.rows, message, size - 1, &wire, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "211 levels of 212 rows"));
    pair_release(&with);
    pair_release(&without);
}

/* ---- one scale for the model ---- */

static void test_whole(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair, &(struct rog_rows_codecs){.push = &seam_threshold}, true);
    for (uint32_t iteration = 1; iteration <= 2; iteration++) {
        double waits = 0;
        begin(&pair, iteration);
        const float *update = rog_worker_residual(pair.worker);
        for (uint64_t i = 0; i < pair.rows->params; i++)
            waits += fabs((double)update[i]);
        push(&pair);
        for (uint32_t i = 0; i < pair.rows->tensor_count; i++)
            assert_true(scale_of(&pair, &pair.push, i) ==
                        (float)(waits / (double)pair.rows->params));

        const float *change = rog_server_change(pair.server);
        const float *held = rog_server_held(pair.server, 0);
        waits = 0;
        for (uint64_t i = 0; i < pair.rows->params; i++)
            waits += fabs((double)(held[i] - change[i]));
        pull(&pair);
        assert_true(waits > 0);
        for (uint32_t i = 0; i < pair.rows->tensor_count; i++)
            assert_true(scale_of(&pair, &pair.pull, i) ==
                        (float)(waits / (double)pair.rows->params));
    }
    pair_release(&pair);
}

/* ---- directions and a warm-up ---- */

static void test_directions(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair, &(struct rog_rows_codecs){.push = rog_codecs[0], .pull = &seam_halves}, true);
    struct rog_wire wire;
    exchange(&pair, 1);
    rows_of(&pair, &pair.push, &wire);
    assert_int_equal(wire.payload_bytes + 4 * pair.rows->tensor_count,
                     pair.rows->way[ROG_ROWS_PUSH].wire_bytes);
    rows_of(&pair, &pair.pull, &wire);
    assert_in_range(wire.payload_bytes, 2 * pair.rows->params, 4 * pair.rows->params);
    pair_release(&pair);
}

static void test_warmup(void **state)
{
    (void)state;
    const struct rog_rows_codecs codecs = {.push = &seam_column, .warmup = 2};
    for (int values = 0; values < 2; values++) {
        struct pair pair;
        pair_init(&pair, &codecs, values);
        for (uint32_t iteration = 1; iteration <= 4; iteration++) {
            uint32_t rows = pair.rows->row_count;
            size_t all = 4 * pair.rows->params, some = 0;
            for (uint32_t i = 0; i < rows; i++)
                some += 1 + 4 * (pair.rows->tensors[i].size / pair.rows->tensors[i].width);
            size_t expected = (iteration <= 2 ? all : some) + 4 * rows;
            exchange(&pair, iteration);
            assert_in_range(pair.push.wire_bytes, expected, expected + 64);
            assert_in_range(pair.pull.wire_bytes, expected, expected + 96);
            if (!values || iteration > 2)
                continue;
            for (uint64_t i = 0; i < pair.rows->params; i++) {
                assert_true(rog_worker_residual(pair.worker)[i] == 0);
                assert_true(fabs((double)(pair.params[i] - rog_server_change(pair.server)[i])) <
                            1e-7);
            }
        }
        pair_release(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_tensors), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_large_tensors),   cmocka_unit_test(test_kept),
        cmocka_unit_test(test_seeds),           cmocka_unit_test(test_levels),
        cmocka_unit_test(test_whole),           cmocka_unit_test(test_directions),
        cmocka_unit_test(test_warmup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
