/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The cost of codecs on one thread: milliseconds of CPU to encode, decode and check the rows of a
 * model of 17 million parameters, and bits per element. A codec of whole tensors has the same
 * elements in larger matrices. The limit is the time in which a copy moves the bytes that must be
 * accessed: to encode, the values, the cache lines of those that change and the output; to decode,
 * the lines that change, twice, and the input.
 *
 *     bench-codecs [CODEC]
 */

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/measure.h>
#include <common/json.h>
#include <common/memory.h>
#include <common/parameters.h>
#include <common/rng.h>
#include <librog/codecs/codecs.h>

#define WIDTH 2304u
#define HEIGHT 512u /* rows of a tensor */
#define ROWS (14 * HEIGHT)
#define PARAMETERS ((size_t)ROWS * WIDTH)
#define REPEATS 5
#define LINE 16 /* floats per cache line */

/* Measured in addition to every codec of the table with its defaults. */
static const struct {
    const char *codec, *parameters;
} variants[] = {
    {"qsgd", "{\"norm\": \"l2\"}"},  {"topk", "{\"density\": 0.1}"},
    {"topk", "{\"density\": 1}"},    {"topk", "{\"density\": 0.1, \"bits\": \"2\"}"},
    {"topk", "{\"of\": \"model\"}"}, {"randomk", "{\"density\": 0.1}"},
};

struct bench {
    float *source, *values, *model;
    uint8_t *bytes;
    size_t *sizes; /* [row] */
    double rate;   /* of a copy, bytes per second */
};

/* A codec with its parameters, and the rows into which it divides the model. */
struct subject {
    const struct rog_codec *codec;
    struct rog_codec_row row;
    size_t rows, most;
    char name[96];
};

static double ms_since(double begin_s)
{
    return 1e3 * (rog_bench_cpu_s() - begin_s);
}

static void encode(struct bench *bench, struct subject *subject)
{
    uint8_t *at = bench->bytes;
    for (size_t i = 0; i < subject->rows; i++) {
        subject->row.seed = rog_random(1, i, 0);
        bench->sizes[i] =
            subject->codec->encode(&subject->row, bench->values + i * subject->row.elements, at);
        at += bench->sizes[i];
    }
}

static void decode(struct bench *bench, struct subject *subject)
{
    const uint8_t *at = bench->bytes;
    for (size_t i = 0; i < subject->rows; i++) {
        subject->codec->decode(&subject->row, 0.25f, at, bench->model + i * subject->row.elements);
        at += bench->sizes[i];
    }
}

static int check(struct bench *bench, struct subject *subject, struct rog_error *err)
{
    const uint8_t *at = bench->bytes;
    const char *why = "";
    for (size_t i = 0; i < subject->rows; i++) {
        if (subject->codec->check(&subject->row, at, bench->sizes[i], &why) != bench->sizes[i])
            return rog_fail(err, ROG_EFAILED, "%s: a row has %s", subject->name, why);
        at += bench->sizes[i];
    }
    return 0;
}

/* Returns the number of floats in the cache lines in which the arrays differ. */
static double changed_floats(const float *a, const float *b)
{
    size_t lines = 0;
    for (size_t i = 0; i < PARAMETERS; i += LINE)
        lines += memcmp(a + i, b + i, LINE * sizeof *a) != 0;
    return (double)(lines * LINE);
}

static void print(const struct subject *subject, const char *what, double *ms, double limit_ms)
{
    char name[128];
    snprintf(name, sizeof name, "%s, %s", subject->name, what);
    rog_bench_print(name, rog_bench_median(ms, REPEATS), "ms", limit_ms);
}

static int measure(struct bench *bench, struct subject *subject, struct rog_error *err)
{
    double encode_ms[REPEATS], decode_ms[REPEATS], check_ms[REPEATS];
    double bytes = 0, float_ms = 1e3 * sizeof(float) / bench->rate;
    int code = 0;
    for (int i = 0; i < REPEATS && !code; i++) {
        memcpy(bench->values, bench->source, PARAMETERS * sizeof(float));
        double begin_s = rog_bench_cpu_s();
        encode(bench, subject);
        encode_ms[i] = ms_since(begin_s);
        begin_s = rog_bench_cpu_s();
        code = check(bench, subject, err);
        check_ms[i] = ms_since(begin_s);
        memset(bench->model, 0, PARAMETERS * sizeof(float));
        begin_s = rog_bench_cpu_s();
        decode(bench, subject);
        decode_ms[i] = ms_since(begin_s);
    }
    if (code)
        return code;
    for (size_t i = 0; i < subject->rows; i++)
        bytes += (double)bench->sizes[i];
    double bytes_ms = 1e3 * bytes / bench->rate;
    double left = changed_floats(bench->values, bench->source);
    memset(bench->values, 0, PARAMETERS * sizeof(float));
    double moved = changed_floats(bench->values, bench->model);
    print(subject, "encode", encode_ms, ((double)PARAMETERS + left) * float_ms + bytes_ms);
    print(subject, "decode", decode_ms, 2 * moved * float_ms + bytes_ms);
    print(subject, "check", check_ms, bytes_ms);
    char name[128];
    snprintf(name, sizeof name, "%s, size", subject->name);
    rog_bench_print(name, 8 * bytes / (double)PARAMETERS, "bits per element", ROG_BENCH_NO_LIMIT);
    return 0;
}

/* Computes the scale of a tensor, or that of the whole model, which takes time, too. */
static int find_scale(struct bench *bench, struct subject *subject, struct rog_error *err)
{
    const struct rog_codec *codec = subject->codec;
    struct rog_codec_whole whole = {.parameters = subject->row.parameters,
                                    .iteration = 1,
                                    .values = bench->source,
                                    .count = PARAMETERS};
    if (!codec->whole_scale || (codec->is_whole && !codec->is_whole(whole.parameters))) {
        subject->row.scale = codec->scale(8e-4 * WIDTH, WIDTH);
        return 0;
    }
    double ms[REPEATS];
    whole.scratch = malloc(
        1 + (codec->whole_scratch ? codec->whole_scratch(whole.parameters, whole.count) : 0));
    for (int i = 0; i < REPEATS && whole.scratch; i++) {
        double begin_s = rog_bench_cpu_s();
        subject->row.scale = codec->whole_scale(&whole);
        ms[i] = ms_since(begin_s);
    }
    if (!whole.scratch)
        return rog_fail_nomem(err);
    free(whole.scratch);
    print(subject, "scale of the model", ms, 1e3 * sizeof(float) * PARAMETERS / bench->rate);
    return 0;
}

static int measure_with(struct bench *bench, const struct rog_codec *codec, const char *text,
                        struct rog_error *err)
{
    struct subject subject = {.codec = codec};
    struct rog_codec_row *row = &subject.row;
    struct rog_codec_bytes range;
    struct rog_json *given = NULL;
    void *parameters = NULL;
    snprintf(subject.name, sizeof subject.name, "%s%s%s", codec->name, text ? " " : "",
             text ? text : "");
    int code = text ? rog_json_parse(text, strlen(text), "parameters", &given, err) : 0;
    if (!code)
        code = rog_parameters_make(codec->parameters, codec->parameter_bytes, codec->name, given,
                                   NULL, &parameters, err);
    rog_json_free(given);
    if (code)
        return code;
    bool whole = codec->unit == ROG_CODEC_TENSORS;
    *row = (struct rog_codec_row){.parameters = parameters,
                                  .elements = whole ? WIDTH * HEIGHT : WIDTH,
                                  .width = WIDTH,
                                  .iteration = 1,
                                  .limit = FLT_MAX};
    subject.rows = PARAMETERS / row->elements;
    codec->bytes(row, &range);
    row->memory = calloc(1 + (codec->memory ? codec->memory(row) : 0), sizeof(float));
    row->scratch = malloc(1 + (codec->scratch ? codec->scratch(row) : 0));
    bench->bytes = malloc(range.most * subject.rows);
    if (row->memory && row->scratch && bench->bytes) {
        memset(bench->bytes, 1, range.most * subject.rows); /* so that its pages are allocated */
        code = find_scale(bench, &subject, err);
        code = code ? code : measure(bench, &subject, err);
    } else {
        code = rog_fail_nomem(err);
    }
    free(bench->bytes);
    free(row->scratch);
    free(row->memory);
    free(parameters);
    return code;
}

static int measure_all(struct bench *bench, const char *only, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; rog_codecs[i] && !code; i++) {
        const struct rog_codec *codec = rog_codecs[i];
        if (only && strcmp(only, codec->name) != 0)
            continue;
        code = measure_with(bench, codec, NULL, err);
        for (size_t k = 0; k < sizeof variants / sizeof *variants && !code; k++)
            if (strcmp(variants[k].codec, codec->name) == 0)
                code = measure_with(bench, codec, variants[k].parameters, err);
    }
    return code;
}

int main(int argc, char **argv)
{
    struct rog_error err = {0};
    struct rog_rng rng;
    struct bench bench = {.source = rog_floats(PARAMETERS),
                          .values = rog_floats(PARAMETERS),
                          .model = rog_floats(PARAMETERS),
                          .sizes = calloc(ROWS, sizeof *bench.sizes),
                          .rate = rog_bench_copy_rate(PARAMETERS)};
    int code =
        bench.source && bench.values && bench.model && bench.sizes ? 0 : rog_fail_nomem(&err);
    rog_rng_init(&rng, 1);
    for (size_t i = 0; i < PARAMETERS && !code; i++)
        bench.source[i] = (float)(1e-3 * rog_rng_normal(&rng));
    if (!code) {
        rog_bench_print("copy of the parameters", bench.rate * 1e-9, "GB/s", ROG_BENCH_NO_LIMIT);
        code = measure_all(&bench, argc > 1 ? argv[1] : NULL, &err);
    }
    if (code)
        fprintf(stderr, "bench-codecs: %s\n", err.message);
    free(bench.sizes);
    free(bench.model);
    free(bench.values);
    free(bench.source);
    return code ? 1 : 0;
}
