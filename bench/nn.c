/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Images per second through the network, forward and backward or only forward, on 1 and 2 threads:
 * the median over repeats. The limit is the rate at which large matrix products of the same library
 * on as many threads would do the multiply-adds of these images.
 *
 *     bench-nn [SECONDS [TEXT]]     for each line, default 3; only lines whose name contains TEXT
 *
 * One thread is measured by its CPU time, on which other programs have less influence; more threads
 * by wall time.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <omp.h>

#include <bench/measure.h>
#include <common/rng.h>
#include <trainer/nn/arch.h>
#include <trainer/nn/net.h>
#include <trainer/nn/prims.h>

#define CLASSES 100
#define MOST_REPEATS 400
#define LEAST_REPEATS 3
#define PRODUCT 1024 /* edge of the matrices whose product is the limit */
#define PRODUCTS 9

static const struct {
    const char *model;
    uint32_t image_size, batch;
    enum rog_net_mode mode;
} lines[] = {
    {"convmlp-nano", 32, 24, ROG_NET_TRAIN_FROZEN}, {"convmlp-s", 32, 64, ROG_NET_TRAIN_FROZEN},
    {"convmlp-m", 32, 24, ROG_NET_TRAIN_FROZEN},    {"convmlp-m", 224, 8, ROG_NET_TRAIN_FROZEN},
    {"convmlp-nano", 32, 100, ROG_NET_INFER},       {"convmlp-s", 32, 256, ROG_NET_INFER},
    {"convmlp-m", 32, 256, ROG_NET_INFER},
};

struct bench {
    struct rog_arch *arch;
    struct rog_net *net;
    float *params, *buffers, *grads, *images, *targets;
};

static void release(struct bench *bench)
{
    rog_net_free(bench->net);
    rog_arch_free(bench->arch);
    free(bench->targets);
    free(bench->images);
    free(bench->grads);
    free(bench->buffers);
    free(bench->params);
}

static int prepare(struct bench *bench, size_t line, uint32_t threads, struct rog_error *err)
{
    uint32_t size = lines[line].image_size, batch = lines[line].batch;
    int code = rog_arch_new(&bench->arch, lines[line].model, CLASSES, size, err);
    if (code)
        return code;
    size_t images = (size_t)batch * size * size * 3, targets = (size_t)batch * CLASSES;
    bench->params = malloc(bench->arch->params * sizeof(float));
    bench->grads = malloc(bench->arch->params * sizeof(float));
    bench->buffers = malloc((bench->arch->buffers + 1) * sizeof(float));
    bench->images = malloc(images * sizeof(float));
    bench->targets = malloc(targets * sizeof(float));
    if (!bench->params || !bench->grads || !bench->buffers || !bench->images || !bench->targets)
        return rog_fail_nomem(err);
    struct rog_rng rng;
    rog_rng_init(&rng, 1);
    for (size_t i = 0; i < images; i++)
        bench->images[i] = (float)rog_rng_normal(&rng);
    for (size_t i = 0; i < targets; i++)
        bench->targets[i] = 1.0f / CLASSES;
    rog_arch_initialize(bench->arch, 1, bench->params, bench->buffers);
    return rog_net_new_threads(&bench->net, bench->arch, batch, lines[line].mode, threads, err);
}

static int pass(struct bench *bench, enum rog_net_mode mode, struct rog_error *err)
{
    const float *logits;
    float loss;
    if (mode == ROG_NET_INFER)
        return rog_net_forward(bench->net, bench->params, bench->buffers, bench->images, &logits,
                               err);
    return rog_net_gradients(bench->net, bench->params, bench->buffers, bench->images,
                             bench->targets, &loss, bench->grads, err);
}

static double clock_s(uint32_t threads)
{
    return threads == 1 ? rog_bench_cpu_s() : rog_bench_wall_s();
}

static int measure(size_t line, uint32_t threads, const char *text, double most_s,
                   double multiply_adds_per_s, struct rog_error *err)
{
    struct bench bench = {0};
    double repeats_s[MOST_REPEATS];
    bool infer = lines[line].mode == ROG_NET_INFER;
    char name[128];
    snprintf(name, sizeof name, "%s %ux%u batch %u, %s, threads %u", lines[line].model,
             lines[line].image_size, lines[line].image_size, lines[line].batch,
             infer ? "inference" : "training", threads);
    if (!strstr(name, text))
        return 0;
    int code = prepare(&bench, line, threads, err);
    if (!code)
        code = pass(&bench, lines[line].mode, err); /* not counted: first touch of memory */
    size_t count = 0;
    double end_s = rog_bench_wall_s() + most_s;
    while (!code && count < MOST_REPEATS && (count < LEAST_REPEATS || rog_bench_wall_s() < end_s)) {
        double begin_s = clock_s(threads);
        code = pass(&bench, lines[line].mode, err);
        repeats_s[count++] = clock_s(threads) - begin_s;
    }
    if (!code) {
        /* A gradient pass has two products for each product of the forward pass, in addition to
         * these. */
        double each = (infer ? 1.0 : 3.0) * (double)rog_arch_multiply_adds(bench.arch);
        rog_bench_print(name, lines[line].batch / rog_bench_median(repeats_s, count), "images/s",
                        multiply_adds_per_s / each);
    }
    release(&bench);
    return code;
}

/* Measures the multiply-adds per second of a product of large matrices. */
static int product_rate(uint32_t threads, const char *text, double *rate, struct rog_error *err)
{
    const struct rog_gemm gemm = {.m = PRODUCT, .n = PRODUCT, .k = PRODUCT};
    size_t size = (size_t)PRODUCT * PRODUCT;
    double rates[PRODUCTS];
    float *a = calloc(size, sizeof *a), *b = calloc(size, sizeof *b), *c = calloc(size, sizeof *c);
    int code = a && b && c ? 0 : rog_fail_nomem(err);
    omp_set_num_threads((int)threads);
    for (int i = 0; i < PRODUCTS && !code; i++) {
        double begin_s = clock_s(threads);
        code = rog_gemm(&gemm, a, b, c, err);
        rates[i] = (double)PRODUCT * PRODUCT * PRODUCT / (clock_s(threads) - begin_s);
    }
    if (!code) {
        char name[64];
        *rate = rog_bench_median(rates, PRODUCTS);
        snprintf(name, sizeof name, "matrix product %d, threads %u", PRODUCT, threads);
        if (strstr(name, text))
            rog_bench_print(name, 2e-9 * *rate, "Gflop/s", ROG_BENCH_NO_LIMIT);
    }
    free(c);
    free(b);
    free(a);
    return code;
}

int main(int argc, char **argv)
{
    double most_s = argc > 1 ? atof(argv[1]) : 3;
    const char *text = argc > 2 ? argv[2] : "";
    struct rog_error err;
    int code = 0;
    for (uint32_t threads = 1; threads <= 2 && !code; threads++) {
        double rate = 0;
        code = product_rate(threads, text, &rate, &err);
        for (size_t line = 0; line < sizeof lines / sizeof *lines && !code; line++)
            code = measure(line, threads, text, most_s, rate, &err);
    }
    if (code)
        fprintf(stderr, "bench-nn: %s\n", err.message);
    return code ? 1 : 0;
}
