/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The laws of rog/codec.h, tested with every codec of the table and with two more that are as
 * different as the interface allows: rows of a length that depends on their values, without hooks
 * for a pull, with a parameter (`sparse`); and one that cheats (`lossy`), which the test must
 * detect.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/rng.h>
#include <common/parameters.h>
#include <common/plugin.h>
#include <common/settings.h>
#include <librog/codecs/codecs.h>

#define MOST 700
#define BYTES (8 * MOST + 64)

static const uint32_t sizes[] = {1, 2, 7, 8, 9, 31, 32, 33, 100, 512, MOST};
#define SIZES (sizeof sizes / sizeof *sizes)

/* ---- sparse: the elements at or above a share of the scale, as index and value ---- */

struct sparse {
    double cut;
};

static const struct rog_parameter sparse_parameters[] = {
    {.name = "cut",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct sparse, cut),
     .fallback = "0.5",
     .max = 4,
     .help = "of the mean magnitude"},
    {.name = NULL},
};

#define ENTRY_BYTES 6

static void sparse_bytes(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = 2;
    bytes->most = 2 + (size_t)row->elements * ENTRY_BYTES;
}

static float sparse_scale(double sum, uint64_t elements)
{
    return (float)(sum / (double)elements);
}

/* Layout: u16 number of entries, then for each a u16 index and the value. */
static size_t sparse_encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    uint8_t *at = bytes + 2;
    uint32_t count = 0;
    const struct sparse *parameters = row->parameters;
    float cut = (float)parameters->cut * row->scale;
    for (uint32_t i = 0; i < row->elements; i++) {
        uint32_t bits;
        float x = values[i];
        if (fabsf(x) < cut)
            continue;
        memcpy(&bits, &x, sizeof bits);
        *at++ = (uint8_t)i, *at++ = (uint8_t)(i >> 8);
        for (unsigned k = 0; k < 4; k++)
            *at++ = (uint8_t)(bits >> (8 * k));
        values[i] = 0;
        count++;
    }
    bytes[0] = (uint8_t)count, bytes[1] = (uint8_t)(count >> 8);
    return (size_t)(at - bytes);
}

static float sparse_value(const uint8_t *entry)
{
    uint32_t bits = 0;
    float x;
    for (unsigned k = 0; k < 4; k++)
        bits |= (uint32_t)entry[2 + k] << (8 * k);
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void sparse_decode(const struct rog_codec_row *row, float share, const uint8_t *bytes,
                          float *w)
{
    (void)row;
    uint32_t count = bytes[0] | (uint32_t)bytes[1] << 8;
    const uint8_t *at = bytes + 2;
    for (; count > 0; count--, at += ENTRY_BYTES)
        w[at[0] | (uint32_t)at[1] << 8] -= share * sparse_value(at);
}

static size_t sparse_check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                           const char **why)
{
    uint32_t count = bytes[0] | (uint32_t)bytes[1] << 8;
    *why = "what no encoder writes";
    if (count > row->elements || size - 2 < count * ENTRY_BYTES)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = bytes + 2 + i * ENTRY_BYTES;
        if ((at[0] | (uint32_t)at[1] << 8) >= row->elements ||
            !(fabsf(sparse_value(at)) <= row->limit))
            return 0;
    }
    return 2 + count * ENTRY_BYTES;
}

static const struct rog_codec sparse = {
    .name = "sparse",
    .parameters = sparse_parameters,
    .parameter_bytes = sizeof(struct sparse),
    .bytes = sparse_bytes,
    .scale = sparse_scale,
    .encode = sparse_encode,
    .decode = sparse_decode,
    .check = sparse_check,
};

/* ---- the laws ---- */

/* A codec with values of its parameters, and the arguments for the current row. */
struct bench {
    const struct rog_codec *codec;
    double parameters[8]; /* the codec's struct of them */
    struct rog_rng rng;
    struct rog_codec_bytes range; /* of the row, at any level and in any iteration */
    struct rog_codec_bytes exact; /* at its own level and iteration */
    float *memory, *was;          /* and a copy from before the row was encoded */
    size_t kept;                  /* floats of `memory` */
    uint8_t *scratch;
    size_t scratch_bytes;
};

/* Draws one of the words of "a|b|c". */
static void any_word(struct rog_rng *rng, const char *words, char word[64])
{
    uint32_t count = 1;
    for (const char *c = words; *c; c++)
        count += *c == '|';
    for (uint32_t skip = rog_rng_below(rng, count); skip > 0; skip--)
        words = strchr(words, '|') + 1;
    snprintf(word, 64, "%.*s", (int)strcspn(words, "|"), words);
}

/* Draws one of a parameter's values; for whole numbers small and large ones. */
static void give_any(struct rog_rng *rng, const struct rog_parameter *row, struct rog_json *given)
{
    char word[64];
    double octaves = log2(row->max - row->min + 1);
    switch (row->type) {
    case ROG_PARAMETER_NUMBER:
        rog_json_put_number(given, row->name, rog_rng_range(rng, row->min, row->max));
        break;
    case ROG_PARAMETER_INTEGER:
        rog_json_put_integer(given, row->name,
                             (int64_t)(row->min + exp2(rog_rng_range(rng, 0, octaves)) - 1));
        break;
    case ROG_PARAMETER_BOOLEAN:
        rog_json_put_bool(given, row->name, rog_rng_below(rng, 2));
        break;
    default:
        any_word(rng, row->choices, word);
        rog_json_put_string(given, row->name, word);
    }
}

static struct bench bench_of(const struct rog_codec *codec, uint64_t seed)
{
    struct bench bench = {.codec = codec};
    rog_rng_init(&bench.rng, seed);
    struct rog_json *given = rog_json_object();
    void *filled = NULL;
    for (const struct rog_parameter *row = codec->parameters; seed % 2 && row && row->name; row++)
        give_any(&bench.rng, row, given);
    assert_int_equal(
        rog_parameters_check_table(codec->parameters, codec->parameter_bytes, codec->name, NULL),
        0);
    assert_int_equal(rog_parameters_make(codec->parameters, codec->parameter_bytes, codec->name,
                                         given, NULL, &filled, NULL),
                     0);
    assert_true(codec->parameter_bytes <= sizeof bench.parameters);
    if (filled)
        memcpy(bench.parameters, filled, codec->parameter_bytes);
    free(filled);
    rog_json_free(given);
    return bench;
}

static void bench_free(struct bench *bench)
{
    free(bench->memory);
    free(bench->was);
    free(bench->scratch);
}

/* Draws realistic numbers, and sometimes unusual ones. */
static void draw(struct bench *bench, float *values, uint32_t n)
{
    static const float odd[] = {0.0f, -0.0f, 1e-30f, -1e-38f, 1e-42f, 3e4f, -2e5f};
    for (uint32_t i = 0; i < n; i++)
        values[i] = rog_rng_below(&bench->rng, 20)
                        ? (float)rog_rng_normal(&bench->rng) * 0.01f
                        : odd[rog_rng_below(&bench->rng, sizeof odd / sizeof *odd)];
}

/* Allocates exactly this size, so that sanitizers detect accesses beyond it, filled with
 * anything. */
static void *work_memory(struct bench *bench, size_t bytes)
{
    free(bench->scratch);
    bench->scratch = malloc(bytes ? bytes : 1);
    bench->scratch_bytes = bytes;
    assert_non_null(bench->scratch);
    for (size_t i = 0; i < bytes; i++)
        bench->scratch[i] = (uint8_t)rog_rng_u64(&bench->rng);
    return bench->scratch;
}

static void give_memory(struct bench *bench, struct rog_codec_row *row)
{
    size_t kept = bench->codec->memory ? bench->codec->memory(row) : 0;
    free(bench->memory);
    free(bench->was);
    bench->memory = calloc(kept ? kept : 1, sizeof(float));
    bench->was = calloc(kept ? kept : 1, sizeof(float));
    bench->kept = kept;
    assert_non_null(bench->memory);
    assert_non_null(bench->was);
    row->memory = kept ? bench->memory : NULL;
    row->scratch = work_memory(bench, bench->codec->scratch ? bench->codec->scratch(row) : 0);
}

static void find_range(struct bench *bench, const struct rog_codec_row *from)
{
    struct rog_codec_row row = *from;
    bench->codec->bytes(&row, &bench->exact);
    bench->range = bench->exact;
    row.iteration = 0;
    for (row.level = 0; row.level == 0 || row.level < bench->codec->levels; row.level++) {
        struct rog_codec_bytes bytes;
        bench->codec->bytes(&row, &bytes);
        assert_true(bytes.least > 0 && bytes.least <= bytes.most);
        if (row.level == from->level)
            assert_true(bytes.least <= bench->exact.least && bytes.most >= bench->exact.most);
        bench->range.least = bytes.least < bench->range.least ? bytes.least : bench->range.least;
        bench->range.most = bytes.most > bench->range.most ? bytes.most : bench->range.most;
    }
    assert_true(bench->range.most <= BYTES - 16);
}

static float scale_of(struct bench *bench, const struct rog_codec_row *row, const float *values)
{
    const struct rog_codec *codec = bench->codec;
    double sum = 0;
    for (uint32_t i = 0; i < row->elements; i++)
        sum += (double)fabsf(values[i]);
    if (!codec->whole_scale || (codec->is_whole && !codec->is_whole(row->parameters)))
        return codec->scale(sum, row->elements);
    size_t bytes = codec->whole_scratch ? codec->whole_scratch(row->parameters, row->elements) : 0;
    void *scratch = malloc(bytes ? bytes : 1);
    assert_non_null(scratch);
    const struct rog_codec_whole whole = {.parameters = row->parameters,
                                          .iteration = row->iteration,
                                          .seed = row->seed,
                                          .values = values,
                                          .count = row->elements,
                                          .scratch = scratch};
    float scale = codec->whole_scale(&whole);
    free(scratch);
    return scale;
}

/* Returns a row to encode these values, or similar ones. */
static struct rog_codec_row row_of(struct bench *bench, uint32_t n, const float *values)
{
    const struct rog_codec *codec = bench->codec;
    struct rog_codec_row row = {.parameters = bench->parameters,
                                .elements = n,
                                .limit = FLT_MAX,
                                .width = n,
                                .level = rog_rng_below(&bench->rng, codec->levels + 1),
                                .iteration = 1 + rog_rng_below(&bench->rng, 9),
                                .seed = rog_rng_u64(&bench->rng)};
    row.level = row.level < codec->levels ? row.level : 0;
    for (uint32_t k = 0; k < 20 && codec->unit == ROG_CODEC_TENSORS; k++) {
        uint32_t width = 1 + rog_rng_below(&bench->rng, n);
        row.width = n % width ? row.width : width;
    }
    find_range(bench, &row);
    give_memory(bench, &row);
    row.scale = scale_of(bench, &row, values);
    assert_true(isfinite(row.scale) && row.scale >= 0);
    return row;
}

/* Returns the row as its receiver sees it, without the encoder's members. */
static struct rog_codec_row received(struct bench *bench, const struct rog_codec_row *row)
{
    struct rog_codec_row there = *row;
    there.level = there.iteration = 0;
    there.seed = 0;
    there.memory = NULL;
    there.scratch = work_memory(bench, bench->scratch_bytes);
    return there;
}

static size_t encode(struct bench *bench, const struct rog_codec_row *row, float *values,
                     uint8_t *bytes)
{
    memcpy(bench->was, bench->memory, bench->kept * sizeof(float));
    return bench->codec->encode(row, values, bytes);
}

/* Copies to memory of exactly this size, so that sanitizers detect reads beyond its end. */
static uint8_t *copy_of(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

/* Checks that these bytes are a row, of the same length if more bytes follow. */
static uint8_t *check_length(struct bench *bench, const struct rog_codec_row *row,
                             const uint8_t *bytes, size_t size)
{
    const char *why = "";
    struct rog_codec_row there = received(bench, row);
    assert_in_range(size, bench->exact.least, bench->exact.most);
    there.scale = 0; /* a row's length does not depend on the scale */
    uint8_t *copy = copy_of(bytes, size);
    if (bench->codec->check(&there, copy, size, &why) != size)
        fail_msg("%s: a row of %u elements has %s", bench->codec->name, row->elements, why);
    assert_int_equal(bench->codec->check(&there, bytes, size + 9, &why), size);
    return copy;
}

/* Returns |sent + left - pushed| relative to the rounding error; at most 1. */
static double worst_error(const float *before, const float *left, const float *model, uint32_t n)
{
    double worst = 0;
    for (uint32_t i = 0; i < n; i++) {
        double sent = -(double)model[i];
        double room = 1e-6 * (fabs(sent) + fabs((double)before[i])) + 1e-37;
        double error = fabs(sent + (double)left[i] - (double)before[i]) / room;
        worst = error > worst || isnan(error) ? error : worst;
    }
    return worst;
}

static double push_once(struct bench *bench, uint32_t n)
{
    float before[MOST], left[MOST], again[MOST], model[MOST] = {0};
    uint8_t bytes[BYTES], same[BYTES];
    draw(bench, before, n);
    struct rog_codec_row row = row_of(bench, n, before);
    memcpy(left, before, sizeof left);
    memcpy(again, before, sizeof again);
    memset(bytes, 0xa5, sizeof bytes);
    memset(same, 0x5a, sizeof same);
    size_t size = encode(bench, &row, left, bytes);
    memcpy(bench->memory, bench->was, bench->kept * sizeof(float));
    row.scratch = work_memory(bench, bench->scratch_bytes);
    assert_int_equal(encode(bench, &row, again, same), size);
    assert_memory_equal(bytes, same, size);
    assert_memory_equal(left, again, n * sizeof *left);
    for (size_t i = size; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0xa5);
    uint8_t *copy = check_length(bench, &row, bytes, size);
    struct rog_codec_row there = received(bench, &row);
    bench->codec->decode(&there, 1, copy, model);
    free(copy);
    return worst_error(before, left, model, n);
}

static void hold_to_push(const struct rog_codec *codec)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct bench bench = bench_of(codec, seed);
        for (size_t k = 0; k < SIZES; k++)
            assert_true(push_once(&bench, sizes[k]) <= 1);
        bench_free(&bench);
    }
}

/* Whatever is sent of rows and when: what was pushed is what has arrived and what is left. */
static void hold_to_feedback(const struct rog_codec *codec)
{
    enum { ROUNDS = 60, N = 100 };
    struct bench bench = bench_of(codec, 6);
    float left[N] = {0}, model[N] = {0}, gradient[N];
    double pushed[N] = {0}, through[N] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t bytes[BYTES];
        for (int i = 0; i < N; i++) {
            gradient[i] = (float)rog_rng_normal(&bench.rng);
            left[i] += gradient[i];
            pushed[i] += (double)gradient[i];
        }
        if (rog_rng_below(&bench.rng, 3) == 0)
            continue;
        struct rog_codec_row row = row_of(&bench, N, left);
        encode(&bench, &row, left, bytes);
        struct rog_codec_row there = received(&bench, &row);
        codec->decode(&there, 1, bytes, model);
        for (int i = 0; i < N; i++)
            through[i] = -(double)model[i];
    }
    for (int i = 0; i < N; i++)
        assert_true(fabs(through[i] + (double)left[i] - pushed[i]) < 1e-3);
    bench_free(&bench);
}

/* A worker's row and the server's, which must be equal afterwards. */
struct pull {
    float start[MOST], model[MOST], held[MOST], worker[MOST], was[MOST];
};

static double apart(const struct pull *pull, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += fabs((double)pull->held[i] - (double)pull->model[i]);
    return sum;
}

static void pull_once(struct bench *bench, uint32_t n, bool started)
{
    struct pull pull = {0};
    float scratch[MOST];
    uint8_t bytes[BYTES];
    draw(bench, pull.model, n);
    draw(bench, pull.held, n);
    if (started)
        draw(bench, pull.start, n);
    for (uint32_t i = 0; i < n; i++) {
        pull.worker[i] = pull.start[i] + pull.held[i];
        pull.held[i] = pull.worker[i] - pull.start[i];
        scratch[i] = pull.held[i] - pull.model[i];
    }
    memcpy(pull.was, pull.worker, sizeof pull.was);
    double before = apart(&pull, n);
    struct rog_codec_row row = row_of(bench, n, scratch);
    size_t size = rog_codec_encode_pull(bench->codec, &row,
                                        &(struct rog_codec_pull){pull.held, pull.model, pull.start},
                                        scratch, bytes);
    uint8_t *copy = check_length(bench, &row, bytes, size);
    struct rog_codec_row there = received(bench, &row);
    rog_codec_decode_pull(bench->codec, &there, copy, pull.worker);
    free(copy);
    for (uint32_t i = 0; i < n; i++)
        assert_true(fabsf(pull.worker[i] - pull.start[i] - pull.held[i]) <=
                    2 * FLT_EPSILON *
                        (fabsf(pull.was[i]) + fabsf(pull.worker[i]) + fabsf(pull.held[i])));
    if (!started)
        assert_memory_equal(pull.held, pull.worker, n * sizeof *pull.held);
    /* With an unbiased codec the error may exceed the values. */
    assert_true(apart(&pull, n) <= before * 4 + 1e-30);
}

static void hold_to_pull(const struct rog_codec *codec)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct bench bench = bench_of(codec, seed);
        for (size_t k = 0; k < SIZES; k++)
            pull_once(&bench, sizes[k], seed % 4 > 1);
        bench_free(&bench);
    }
}

/* A share of a push is exactly that share. */
static void hold_to_share(const struct rog_codec *codec)
{
    struct bench bench = bench_of(codec, 8);
    float values[MOST], whole[MOST] = {0}, quarter[MOST] = {0};
    uint8_t bytes[BYTES];
    draw(&bench, values, MOST);
    struct rog_codec_row row = row_of(&bench, MOST, values);
    encode(&bench, &row, values, bytes);
    struct rog_codec_row there = received(&bench, &row);
    codec->decode(&there, 1, bytes, whole);
    codec->decode(&there, 0.25f, bytes, quarter);
    for (int i = 0; i < MOST; i++)
        assert_true(quarter[i] == 0.25f * whole[i] || fabsf(whole[i]) < 1e-36f);
    bench_free(&bench);
}

/* Encodes a row of some size; on return `row` is as its receiver sees it. */
static size_t encode_some(struct bench *bench, struct rog_codec_row *row, uint8_t bytes[BYTES])
{
    uint32_t n = sizes[rog_rng_below(&bench->rng, SIZES)];
    float values[MOST];
    draw(bench, values, n);
    *row = row_of(bench, n, values);
    size_t size = encode(bench, row, values, bytes);
    *row = received(bench, row);
    return size;
}

/* Makes bytes that are nearly a row, or anything; returns their number. */
static size_t spoil(struct rog_rng *rng, uint8_t bytes[BYTES], size_t size)
{
    if (rog_rng_below(rng, 8) == 0)
        for (size_t i = 0; i < size; i++)
            bytes[i] =
                (uint8_t)(rog_rng_below(rng, 2) ? rog_rng_below(rng, 256) : rog_rng_below(rng, 3));
    for (uint32_t hits = rog_rng_below(rng, 6); hits > 0; hits--) {
        uint32_t at = rog_rng_below(rng, (uint32_t)(rog_rng_below(rng, 3) || size < 8 ? size : 8));
        bytes[at] ^= (uint8_t)(rog_rng_below(rng, 2) ? 1u << rog_rng_below(rng, 8)
                                                     : 1 + rog_rng_below(rng, 255));
    }
    return rog_rng_below(rng, 3) ? size : rog_rng_below(rng, (uint32_t)size + 1);
}

/* Any bytes, of any length: rejected, or finite numbers for existing elements. */
static void hold_to_garbage(const struct rog_codec *codec)
{
    uint32_t taken = 0, refused = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct bench bench = bench_of(codec, seed);
        for (int round = 0; round < 1500; round++) {
            float model[MOST] = {0};
            const char *why = NULL;
            struct rog_codec_row row;
            uint8_t bytes[BYTES];
            size_t size = spoil(&bench.rng, bytes, encode_some(&bench, &row, bytes));
            if (size < bench.range.least)
                continue;
            uint8_t *copy = copy_of(bytes, size);
            size_t took = codec->check(&row, copy, size, &why);
            if (took) {
                assert_true(took <= size);
                assert_in_range(took, bench.range.least, bench.range.most);
                codec->decode(&row, 0.5f, copy, model);
                for (uint32_t i = 0; i < row.elements; i++)
                    assert_true(isfinite(model[i]));
            }
            assert_true(took || why);
            taken += took > 0;
            refused += took == 0;
            free(copy);
        }
        bench_free(&bench);
    }
    assert_true(taken > 0 && refused > 0);
}

/* A row accepted under a limit changes no element by more than that. */
static void hold_to_limit(const struct rog_codec *codec)
{
    uint32_t taken = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct bench bench = bench_of(codec, seed);
        for (int round = 0; round < 200; round++) {
            float model[MOST] = {0};
            const char *why = NULL;
            struct rog_codec_row row;
            uint8_t bytes[BYTES];
            size_t size = encode_some(&bench, &row, bytes);
            row.limit = 0.03f;
            row.scale = fminf(row.scale, row.limit);
            if (!codec->check(&row, bytes, size, &why)) {
                assert_non_null(why);
                continue;
            }
            codec->decode(&row, 1, bytes, model);
            for (uint32_t i = 0; i < row.elements; i++)
                assert_true(fabsf(model[i]) <= row.limit);
            taken++;
        }
        bench_free(&bench);
    }
    assert_true(taken > 0);
}

/* Numbers near both ends of the range of floats: what is left is finite. */
static void hold_to_extremes(const struct rog_codec *codec)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct bench bench = bench_of(codec, seed);
        for (size_t k = 0; k < SIZES; k++) {
            float values[MOST];
            uint8_t bytes[BYTES];
            for (uint32_t i = 0; i < sizes[k]; i++)
                values[i] = (float)(rog_rng_normal(&bench.rng) *
                                    exp2(rog_rng_range(&bench.rng, -150, seed % 4 ? 60 : -100)));
            struct rog_codec_row row = row_of(&bench, sizes[k], values);
            size_t size = encode(&bench, &row, values, bytes);
            free(check_length(&bench, &row, bytes, size));
            for (uint32_t i = 0; i < sizes[k]; i++)
                assert_true(isfinite(values[i]));
        }
        bench_free(&bench);
    }
}

static void test_every_codec(void **state)
{
    (void)state;
    static void (*const laws[])(const struct rog_codec *) = {
        hold_to_push,    hold_to_feedback, hold_to_pull,     hold_to_share,
        hold_to_garbage, hold_to_limit,    hold_to_extremes,
    };
    struct rog_plugin skeleton;
    assert_int_equal(rog_plugin_load_codec(&skeleton, TEST_PLUGINS "/codec_skeleton.so", NULL), 0);
    for (size_t law = 0; law < sizeof laws / sizeof *laws; law++) {
        for (size_t i = 0; rog_codecs[i]; i++) {
            assert_non_null(rog_codecs[i]->summary);
            laws[law](rog_codecs[i]);
        }
        laws[law](&sparse);
        laws[law](skeleton.codec);
    }
    rog_plugin_release(&skeleton);
}

/* ---- violations are detected ---- */

static size_t lossy_encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    size_t size = sparse_encode(row, values, bytes);
    values[0] = 0;
    return size;
}

static void test_cheating(void **state)
{
    (void)state;
    struct rog_codec lossy = sparse;
    lossy.encode = lossy_encode;
    struct bench bench = bench_of(&lossy, 0);
    double worst = 0;
    for (int i = 0; i < 50; i++) {
        double error = push_once(&bench, 100);
        worst = error > worst ? error : worst;
    }
    bench_free(&bench);
    assert_true(worst > 1);
}

/* ---- the table ---- */

static void test_names(void **state)
{
    (void)state;
    const struct rog_codec *codec;
    struct rog_error err;
    for (size_t i = 0; rog_codecs[i]; i++) {
        assert_int_equal(rog_codec_find(rog_codecs[i]->name, &codec, &err), 0);
        assert_ptr_equal(codec, rog_codecs[i]);
    }
    assert_int_equal(rog_codec_find("zip", &codec, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "\"zip\"; allowed: sign, none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_codec),
        cmocka_unit_test(test_cheating),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
