/* SPDX-License-Identifier: Apache-2.0 */

/* The wire format: what is written is read back; damaged messages are rejected without effect. */

#include <setjmp.h>
#include <stdarg.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/message.h>
#include <librog/sync/wire.h>

#include "sync_cluster.h"

static void test_numbers(void **state)
{
    (void)state;
    struct rog_rows *rows = cluster_rows(false);
    struct rog_set set;
    struct rog_rng rng;
    uint8_t buffer[4096];
    const struct rog_wire_header header = {
        .kind = ROG_WIRE_REQUEST, .stream = ROG_WIRE_NONE, .iteration = 7};
    rog_rng_init(&rng, 1);
    assert_int_equal(rog_set_init(&set, rows->row_count, NULL), 0);
    for (int round = 0; round < 2000; round++) {
        rog_set_clear(&set);
        uint32_t density = 1 + rog_rng_below(&rng, 20);
        for (uint32_t row = 0; row < rows->row_count; row++)
            if (rog_rng_below(&rng, density) == 0)
                rog_set_add(&set, row);
        rog_set_add(&set, rog_rng_below(&rng, rows->row_count));

        size_t size = rog_wire_put_numbers(buffer, &header, &set);
        struct rog_wire wire;
        assert_int_equal(rog_wire_parse(rows, buffer, size, &wire, NULL), 0);
        assert_int_equal(wire.header.kind, ROG_WIRE_REQUEST);
        assert_int_equal(wire.header.iteration, 7);
        assert_int_equal(wire.numbers.count, set.count);
        uint32_t first, length, at = 0;
        while (rog_wire_run(&wire.numbers, &first, &length)) {
            assert_int_equal(first, rog_set_next(&set, at));
            at = rog_set_next_absent(&set, first);
            assert_int_equal(first + length, at);
        }
        assert_int_equal(rog_set_next(&set, at), rows->row_count);
    }
    rog_set_release(&set);
    rog_rows_free(rows);
}

/* ---- a codec whose `check` rejects rows ---- */

static void two_to_four(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    (void)row;
    *bytes = (struct rog_codec_bytes){.least = 2, .most = 4};
}

static size_t first_byte(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                         const char **why)
{
    (void)size;
    *why = "nothing";
    assert_true(row->scale <= 0); /* the scale is not known yet */
    return bytes[0];
}

/* A row with a length that the codec does not have is rejected, whatever `check` returns. */
static void test_lengths_of_rows(void **state)
{
    (void)state;
    static const struct rog_codec codec = {.bytes = two_to_four, .check = first_byte};
    struct rog_rows *rows = cluster_rows(false);
    assert_int_equal(rog_rows_set_codecs(rows, &(struct rog_rows_codecs){.push = &codec}, NULL), 0);
    const struct rog_wire_header header = {
        .kind = ROG_WIRE_ROWS, .stream = ROG_WIRE_PUSH, .values = true, .iteration = 1};
    struct rog_set set = {0};
    assert_int_equal(rog_set_init(&set, rows->row_count, NULL), 0);
    rog_set_add(&set, 1);
    rog_set_add(&set, 2);
    for (unsigned first = 0; first < 8; first++) {
        uint8_t buffer[64] = {0};
        struct rog_wire wire;
        unsigned second = 7 - first;
        size_t size = rog_wire_put_numbers(buffer, &header, &set);
        buffer[size] = (uint8_t)first;
        buffer[size + first] = (uint8_t)second;
        int code = rog_wire_parse(rows, buffer, size + 7, &wire, NULL);
        assert_int_equal(code, first == 3 || first == 4 ? 0 : ROG_EFORMAT);
    }
    rog_set_release(&set);
    rog_rows_free(rows);
}

static void test_begin_and_end(void **state)
{
    (void)state;
    struct rog_rows *rows = cluster_rows(false);
    struct rog_set tensors;
    uint8_t buffer[256];
    float scales[] = {0, 1.5f, 1e-30f, 3e30f, 2};
    struct rog_history history = {
        .own = 1ull << 40, .slowest = 3, .recent_max_s = 1.25, .mean_s = 0.1};
    struct rog_wire_header header = {
        .kind = ROG_WIRE_BEGIN, .stream = ROG_WIRE_PULL, .values = true, .iteration = 0xfedcba98};
    struct rog_wire wire;
    assert_int_equal(rog_set_init(&tensors, rows->tensor_count, NULL), 0);
    rog_set_fill(&tensors);
    size_t size = rog_wire_put_begin(buffer, &header, &tensors, scales, &history);
    assert_true(size <= rog_message_min_bytes(rows));
    assert_int_equal(rog_wire_parse(rows, buffer, size, &wire, NULL), 0);
    assert_true(wire.header.values);
    assert_int_equal(wire.header.iteration, 0xfedcba98);
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        assert_true(rog_wire_scale(&wire, i) == scales[i]);
    assert_true(wire.history.own == history.own && wire.history.slowest == 3);
    assert_true(wire.history.everyone_transmitted);
    assert_true(wire.history.recent_max_s == 1.25 && wire.history.mean_s == 0.1);

    /* Without values the same message counts the scales that it would have. */
    header.values = false;
    size_t bare = rog_wire_put_begin(buffer, &header, &tensors, NULL, &history);
    assert_int_equal(bare, size - 4 * rows->tensor_count);
    assert_int_equal(rog_message_wire_bytes(rows, buffer, bare), size);

    header =
        (struct rog_wire_header){.kind = ROG_WIRE_END, .stream = ROG_WIRE_PUSH, .iteration = 1};
    size = rog_wire_put_end(buffer, &header, 212, 0.375, NULL);
    assert_int_equal(rog_wire_parse(rows, buffer, size, &wire, NULL), 0);
    assert_int_equal(wire.rows, 212);
    assert_true(wire.duration_s == 0.375);
    assert_false(wire.header.reports);
    rog_set_release(&tensors);
    rog_rows_free(rows);
}

/* The report after the end of a push exists only if announced, and each of its numbers may be
 * unknown. */
static void test_report(void **state)
{
    (void)state;
    static const struct {
        struct rog_report report;
        int code;
    } cases[] = {
        {{1.5, -0.25, 1e9, 50}, 0},
        {{0, 0, 0, 0}, 0},
        {{NAN, NAN, NAN, ROG_LOCAL_STEPS_MAX}, 0},
        {{-1, 0, 0, 1}, ROG_EFORMAT},
        {{INFINITY, 0, 0, 1}, ROG_EFORMAT},
        {{0, -INFINITY, 0, 1}, ROG_EFORMAT},
        {{0, 0, -1, 1}, ROG_EFORMAT},
        {{0, 0, 0, ROG_LOCAL_STEPS_MAX + 1}, ROG_EFORMAT},
    };
    struct rog_rows *rows = cluster_rows(false);
    const struct rog_wire_header header = {
        .kind = ROG_WIRE_END, .stream = ROG_WIRE_PUSH, .iteration = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rog_report *report = &cases[i].report;
        struct rog_wire wire;
        uint8_t buffer[64];
        size_t size = rog_wire_put_end(buffer, &header, 3, 2, report);
        assert_int_equal(rog_wire_parse(rows, buffer, size, &wire, NULL), cases[i].code);
        assert_int_equal(rog_wire_parse(rows, buffer, size - 1, &wire, NULL), ROG_EFORMAT);
        if (cases[i].code)
            continue;
        assert_int_equal(rog_wire_parse(rows, buffer, size, &wire, NULL), 0);
        assert_true(wire.header.reports && wire.rows == 3 && wire.duration_s == 2);
        assert_memory_equal(&wire.report.compute_s, &report->compute_s, sizeof(double));
        assert_memory_equal(&wire.report.loss, &report->loss, sizeof(double));
        assert_memory_equal(&wire.report.energy_j, &report->energy_j, sizeof(double));
        assert_int_equal(wire.report.local_steps, report->local_steps);
        buffer[2] = ROG_WIRE_PULL; /* a pull has no report */
        assert_int_equal(rog_wire_parse(rows, buffer, size, &wire, NULL), ROG_EFORMAT);
    }
    rog_rows_free(rows);
}

/* A push or a pull without rows has no tensors; an answer to a request always has. */
static void test_silence(void **state)
{
    (void)state;
    struct rog_rows *rows = cluster_rows(false);
    struct rog_set none;
    const struct rog_history history = {0};
    assert_int_equal(rog_set_init(&none, rows->tensor_count, NULL), 0);
    for (unsigned stream = ROG_WIRE_PUSH; stream <= ROG_WIRE_PULL; stream++) {
        for (int values = 0; values < 2; values++) {
            struct rog_wire wire;
            uint8_t buffer[64];
            const struct rog_wire_header header = {
                .kind = ROG_WIRE_BEGIN, .stream = stream, .values = values, .iteration = 1};
            size_t size = rog_wire_put_begin(buffer, &header, &none, NULL, &history);
            int code = rog_wire_parse(rows, buffer, size, &wire, NULL);
            assert_int_equal(code, stream == ROG_WIRE_DEMANDED ? ROG_EFORMAT : 0);
            assert_int_equal(rog_message_wire_bytes(rows, buffer, size), size);
        }
    }
    rog_set_release(&none);
    rog_rows_free(rows);
}

struct bad {
    const char *cause;
    size_t size;
    uint8_t bytes[64];
};

#define HEADER(kind, stream, flags) 1, kind, stream, flags, 5, 0, 0, 0

static void test_each_cause(void **state)
{
    (void)state;
    static const struct bad bads[] = {
        {"too short", 0, {0}},
        {"too short", 7, {1, 4, 0, 0, 5, 0, 0}},
        {"message format 2", 8, {2, 4, 0, 0, 5, 0, 0, 0}},
        {"kind of message 0", 8, {HEADER(0, 1, 0)}},
        {"kind of message 9", 8, {HEADER(9, 1, 0)}},
        {"unknown stream 4", 8, {HEADER(2, 4, 0)}},
        {"unknown stream 0", 8, {HEADER(2, 0, 0)}},
        {"unknown stream 1", 8, {HEADER(4, 1, 0)}},
        {"unknown flags 0x82", 8, {HEADER(2, 1, 0x82)}},
        {"numbered from 1", 8, {1, 2, 1, 0, 0, 0, 0, 0}},
        {"ends within its list of rows", 8, {HEADER(4, 0, 0)}},
        {"lists no rows", 9, {HEADER(4, 0, 0), 0}},
        {"ends within its list of rows", 9, {HEADER(4, 0, 0), 1}},
        {"ends within its list of rows", 10, {HEADER(4, 0, 0), 1, 1}},
        {"ends within its list of rows", 13, {HEADER(4, 0, 0), 0x80, 0x80, 0x80, 0x80, 0x80}},
        {"ends within its list", 14, {HEADER(4, 0, 0), 1, 0xff, 0xff, 0xff, 0xff, 0x7f}},
        {"ends within its list of rows", 14, {HEADER(4, 0, 0), 0x81, 0x80, 0x80, 0x80, 0x10, 0}},
        {"overlaps or touches", 11, {HEADER(4, 0, 0), 2, 0, 0}},
        {"rows up to 213", 11, {HEADER(4, 0, 0), 1, 0xa8, 0x03}},
        {"bytes too many", 11, {HEADER(4, 0, 0), 1, 0, 9}},
        {"tensors up to 6", 10, {HEADER(1, 2, 0), 1, 10}},
        {"scales of 1 tensors", 10, {HEADER(1, 1, 0), 1, 0}},
        {"bytes of scales", 12, {HEADER(1, 2, 1), 1, 0, 0, 0}},
        {"scale 0 is -", 14, {HEADER(1, 2, 1), 1, 0, 0, 0, 0x80, 0xbf}},
        {"scale 0 is ", 14, {HEADER(1, 2, 1), 1, 0, 0, 0, 0xc0, 0x7f}},
        {"scale 0 is inf", 14, {HEADER(1, 2, 1), 1, 0, 0, 0, 0x80, 0x7f}},
        {"scale 0 is 1e+07", 14, {HEADER(1, 2, 1), 1, 0, 0x80, 0x96, 0x18, 0x4b}},
        {"bytes of scales and history", 11, {HEADER(1, 3, 0), 1, 1, 3}},
        {"bytes of rows", 13, {HEADER(2, 1, 1), 1, 0, 0, 0, 0}},
        {"bytes of rows", 15, {HEADER(2, 1, 1), 1, 0, 0, 0, 0, 0, 0}},
        {"nonzero bits after its end", 14, {HEADER(2, 1, 1), 1, 0, 0, 0, 0, 0x40}},
        {"an end record of 1 bytes", 9, {HEADER(3, 1, 0), 0}},
        {"213 rows announced", 20, {HEADER(3, 1, 0), 213, 0, 0, 0}},
        {"transmission of -1 s", 20, {HEADER(3, 1, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf}},
        {"transmission of ", 20, {HEADER(3, 1, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f}},
    };
    struct rog_rows *rows = cluster_rows(false);
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct rog_wire wire;
        struct rog_error err = {0};
        int code = rog_wire_parse(rows, bads[i].bytes, bads[i].size, &wire, &err);
        if (code != ROG_EFORMAT || !strstr(err.message, bads[i].cause))
            fail_msg("case %zu: \"%s\" instead of \"%s\"", i, err.message, bads[i].cause);
        assert_int_equal(rog_message_wire_bytes(rows, bads[i].bytes, bads[i].size), bads[i].size);
    }
    rog_rows_free(rows);
}

/* For rows sent without a codec: a push has no values beyond those of training, a pull any that are
 * finite. */
static void test_values_are_bounded(void **state)
{
    (void)state;
    static const struct {
        float value;
        bool push, pull;
    } cases[] = {
        {0, true, true},          {-ROG_WIRE_UPDATE_MAX, true, true},
        {1.0001e6f, false, true}, {-1e7f, false, true},
        {FLT_MAX, false, true},   {-INFINITY, false, false},
        {NAN, false, false},      {-NAN, false, false},
    };
    struct rog_rows *rows = cluster_rows(false);
    const struct rog_codec *codec;
    assert_int_equal(rog_codec_find("none", &codec, NULL), 0);
    assert_int_equal(rog_rows_set_codecs(rows, &(struct rog_rows_codecs){.push = codec}, NULL), 0);
    rows->tensors[rows->row_tensor[7]].name = "fc.weight";
    struct rog_set set;
    uint8_t message[8192];
    assert_int_equal(rog_set_init(&set, rows->row_count, NULL), 0);
    rog_set_add(&set, 7);
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        bool pull = i % 2, good = pull ? cases[i / 2].pull : cases[i / 2].push;
        const struct rog_wire_header header = {.kind = ROG_WIRE_ROWS,
                                               .stream = pull ? ROG_WIRE_PULL : ROG_WIRE_PUSH,
                                               .values = true,
                                               .iteration = 1};
        struct rog_wire wire;
        struct rog_error err = {0};
        size_t size = rog_wire_put_numbers(message, &header, &set);
        size_t bytes = rog_rows_bytes(rows, &rows->way[ROG_ROWS_PUSH], 7)->most;
        assert_true(size + bytes <= sizeof message);
        memset(message + size, 0, bytes);
        memcpy(message + size + bytes - 4, &cases[i / 2].value, 4);
        int code = rog_wire_parse(rows, message, size + bytes, &wire, &err);
        if ((code == 0) != good)
            fail_msg("%g on a %s: %s", (double)cases[i / 2].value, pull ? "pull" : "push",
                     code ? err.message : "taken");
        assert_true(!code || strstr(err.message, "row 7, of tensor fc.weight has a value that is"));
    }
    rog_set_release(&set);
    rog_rows_free(rows);
}

/* Random bytes, after headers that pass the first checks. Run with sanitizers. */
static void test_random_bytes(void **state)
{
    (void)state;
    struct rog_rows *rows = cluster_rows(false);
    struct rog_rng rng;
    uint32_t accepted = 0;
    rog_rng_init(&rng, 9);
    for (int round = 0; round < 200000; round++) {
        size_t size = rog_rng_below(&rng, 40);
        uint8_t *bytes = malloc(size + 1); /* exact size: sanitizers detect reads past the end */
        assert_non_null(bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(rog_rng_below(&rng, 4) ? rog_rng_below(&rng, 8)
                                                        : rog_rng_below(&rng, 256));
        if (size >= ROG_WIRE_HEADER_BYTES) {
            bytes[0] = ROG_WIRE_VERSION;
            bytes[1] = (uint8_t)(1 + rog_rng_below(&rng, 4));
            bytes[2] = (uint8_t)(bytes[1] == ROG_WIRE_REQUEST ? 0 : 1 + rog_rng_below(&rng, 3));
            bytes[3] &= 1;
        }
        uint8_t *exact = realloc(bytes, size ? size : 1);
        struct rog_wire wire;
        if (!rog_wire_parse(rows, exact, size, &wire, NULL)) {
            uint32_t first, length, next = 0, count = 0;
            while (rog_wire_run(&wire.numbers, &first, &length)) {
                assert_true(first >= next && length > 0);
                next = first + length;
                count += length;
            }
            assert_int_equal(count, wire.numbers.count);
            assert_true(next <= rows->row_count);
            accepted++;
        }
        free(exact);
    }
    assert_true(accepted > 100);
    rog_rows_free(rows);
}

/* ---- damaged messages in a running exchange ---- */

struct vandal {
    struct rog_rng rng;
    bool certain; /* only damage that is always detected */
    uint32_t refused, taken;
};

static uint64_t digest(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t server_digest(const struct cluster *cluster)
{
    struct rog_version_view view;
    uint32_t workers = cluster->options.workers;
    size_t model_bytes = cluster->rows->params * sizeof(float);
    uint64_t hash = digest(1, rog_server_change(cluster->server), model_bytes);
    rog_server_versions(cluster->server, &view);
    hash = digest(hash, view.version, (size_t)workers * cluster->rows->row_count * 4);
    hash = digest(hash, view.oldest, workers * sizeof *view.oldest);
    hash = digest(hash, view.latest, workers * sizeof *view.latest);
    for (uint32_t i = 0; i < workers; i++)
        hash = digest(hash, rog_server_held(cluster->server, i), model_bytes);
    return hash;
}

static uint64_t worker_digest(const struct cluster *cluster, uint32_t worker)
{
    struct rog_worker_status status;
    size_t model_bytes = cluster->rows->params * sizeof(float);
    const struct rog_worker *core = cluster->workers[worker].worker;
    rog_worker_status(core, &status);
    uint64_t hash = digest(1, cluster->workers[worker].params, model_bytes);
    hash = digest(hash, rog_worker_residual(core), model_bytes);
    hash = digest(hash, &status.rows_pulled, sizeof status.rows_pulled);
    hash = digest(hash, &status.bytes_pulled, sizeof status.bytes_pulled);
    return hash * 4 + (status.waiting ? 2 : 0) + (status.pushing ? 1 : 0);
}

/* Returns a damaged copy of exactly *size bytes on the heap. */
static uint8_t *damage(struct vandal *vandal, const uint8_t *message, size_t *size)
{
    struct rog_rng *rng = &vandal->rng;
    size_t extra = rog_rng_below(rng, 3), cut = rog_rng_below(rng, (uint32_t)*size);
    uint32_t kind = rog_rng_below(rng, vandal->certain ? 3 : 5);
    size_t length = kind == 0 ? cut : kind == 1 ? *size + 1 + extra : *size;
    uint8_t *copy = calloc(length ? length : 1, 1);
    assert_non_null(copy);
    memcpy(copy, message, length < *size ? length : *size);
    if (kind == 2)
        copy[rog_rng_below(rng, 2)] ^= 0x10; /* version or kind */
    if (kind == 3)
        copy[rog_rng_below(rng, (uint32_t)length)] ^= (uint8_t)(1u << rog_rng_below(rng, 8));
    if (kind == 4)
        for (size_t i = 0; i < length; i++)
            copy[i] = rog_rng_below(rng, 6) ? copy[i] : (uint8_t)rog_rng_u64(rng);
    *size = length;
    return copy;
}

/* An accepted message is beyond this test; the cluster is then abandoned. */
static void account(struct cluster *cluster, int code, const struct rog_error *err)
{
    struct vandal *vandal = cluster->watch.user;
    if (code == 0) {
        assert_false(vandal->certain);
        vandal->taken++;
        cluster->stop = true;
        return;
    }
    assert_int_equal(code, ROG_EFORMAT);
    assert_true(strlen(err->message) > 20);
    vandal->refused++;
}

static void vandalize_up(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                         size_t size)
{
    struct vandal *vandal = cluster->watch.user;
    struct rog_error err = {0};
    uint8_t *damaged = damage(vandal, message, &size);
    uint64_t before = server_digest(cluster);
    int code = rog_server_receive(cluster->server, worker, damaged, size, cluster->now, &err);
    account(cluster, code, &err);
    struct rog_server_notice notice;
    if (code) {
        assert_true(server_digest(cluster) == before);
        assert_false(rog_server_notice(cluster->server, &notice));
    }
    free(damaged);
}

static void vandalize_down(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                           size_t size)
{
    struct vandal *vandal = cluster->watch.user;
    struct rog_error err = {0};
    enum rog_worker_notice notice;
    uint8_t *damaged = damage(vandal, message, &size);
    uint64_t before = worker_digest(cluster, worker);
    int code = rog_worker_receive(cluster->workers[worker].worker, damaged, size, cluster->now,
                                  &notice, &err);
    account(cluster, code, &err);
    if (code)
        assert_true(worker_digest(cluster, worker) == before);
    free(damaged);
}

static void same_model(struct cluster *cluster, uint32_t worker)
{
    if (!cluster->stop)
        assert_true(cluster_misjudged(cluster, worker) < CLUSTER_ROUNDING);
}

static void run_vandal(struct vandal *vandal, uint32_t runs)
{
    struct rog_plugin plugin;
    load_strategy(&plugin, "ROG");
    for (uint32_t seed = 0; seed < runs; seed++) {
        struct cluster_options options = {.strategy = plugin.strategy,
                                          .parameters = plugin.parameters,
                                          .threshold = 3,
                                          .workers = 3,
                                          .iterations = 5,
                                          .values = true,
                                          .seed = seed,
                                          .slow_s = 0.3};
        struct cluster cluster;
        rog_rng_derive(&vandal->rng, seed, "vandal", vandal->certain);
        cluster_init(&cluster, &options,
                     &(struct cluster_watch){.user = vandal,
                                             .arriving = vandalize_up,
                                             .arriving_down = vandalize_down,
                                             .pulled = same_model});
        assert_true(cluster_run(&cluster));
        cluster_release(&cluster);
    }
    rog_plugin_release(&plugin);
}

static void test_damage_is_refused(void **state)
{
    (void)state;
    struct vandal vandal = {.certain = true};
    run_vandal(&vandal, 10);
    assert_true(vandal.refused > 1000);
}

static void test_damage_never_crashes(void **state)
{
    (void)state;
    struct vandal vandal = {.certain = false};
    run_vandal(&vandal, 400);
    assert_true(vandal.refused > 1000);
    assert_true(vandal.taken > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_lengths_of_rows),
        cmocka_unit_test(test_begin_and_end),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_each_cause),
        cmocka_unit_test(test_values_are_bounded),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_damage_is_refused),
        cmocka_unit_test(test_damage_never_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
