/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lets a server and its workers exchange updates and writes down what happened, for rules.py, which
 * computes the same in float64: gradients as they were given, rows, scales and signs as they were
 * sent, in which order messages were sent and arrived, and the models at the end.
 *
 *     reference-trace FILE LIBRARY THRESHOLD WORKERS ITERATIONS RATE HALVE_EVERY SEED
 *
 * The file is a sequence of 32-bit numbers of this machine (u: unsigned, f: float):
 *
 *   u tensors, workers; of each tensor u rows, row_size; f model, all of it
 *   PUSHED   u 1, worker, iteration; f learning rate; f gradients, all of them
 *   BEGIN    u 2, worker, stream, iteration, tensors; u tensor, f scale of each
 *   ROWS     u 3, worker, stream, rows; u row of each; u sign bits, 32 elements a number
 *   OTHER    u 4, worker, stream                  ends of streams, and what the server asks for
 *   ARRIVED  u 5, worker, down                    the next message of that link
 *   MODELS   u 6; f the server's; of each worker f its own, all of it
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librog/sync/wire.h>
#include <tests/unit/sync_cluster.h>

enum record { PUSHED = 1, BEGIN, ROWS, OTHER, ARRIVED, MODELS };

struct trace {
    FILE *file;
    uint32_t *signs; /* of a message: as many as the model can have */
    float *model;    /* the server's */
};

static void put(struct cluster *cluster, const void *numbers, size_t count)
{
    struct trace *trace = cluster->watch.user;
    if (fwrite(numbers, sizeof(uint32_t), count, trace->file) != count) {
        perror("reference-trace");
        exit(1);
    }
}

#define PUT(cluster, ...)                         \
    put(cluster, (const uint32_t[]){__VA_ARGS__}, \
        sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void put_begin(struct cluster *cluster, uint32_t worker, const struct rog_wire *wire)
{
    struct rog_wire_numbers tensors = wire->numbers;
    uint32_t first, length, index = 0;
    PUT(cluster, BEGIN, worker, wire->header.stream, wire->header.iteration, tensors.count);
    while (rog_wire_run(&tensors, &first, &length))
        for (uint32_t i = first; i < first + length; i++) {
            float scale = rog_wire_scale(wire, index++);
            put(cluster, &i, 1);
            put(cluster, &scale, 1);
        }
}

static void put_rows(struct cluster *cluster, uint32_t worker, const struct rog_wire *wire)
{
    struct trace *trace = cluster->watch.user;
    struct rog_wire_numbers rows = wire->numbers;
    const uint8_t *bytes = wire->payload;
    uint32_t first, length, elements = 0;
    PUT(cluster, ROWS, worker, wire->header.stream, rows.count);
    while (rog_wire_run(&rows, &first, &length))
        for (uint32_t row = first; row < first + length; row++) {
            put(cluster, &row, 1);
            for (uint32_t k = 0; k < rog_rows_size(cluster->rows, row); k++, elements++) {
                uint32_t *signs = &trace->signs[elements / 32];
                *signs = elements % 32 ? *signs : 0;
                *signs |= (uint32_t)(bytes[k / 8] >> (k % 8) & 1) << (elements % 32);
            }
            bytes += rog_rows_bytes(cluster->rows, &cluster->rows->way[ROG_ROWS_PUSH], row)->most;
        }
    put(cluster, trace->signs, (elements + 31) / 32);
}

static void sent(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct rog_wire wire;
    if (rog_wire_parse(cluster->rows, message, size, &wire, NULL))
        exit(1);
    if (wire.header.kind == ROG_WIRE_BEGIN)
        put_begin(cluster, worker, &wire);
    else if (wire.header.kind == ROG_WIRE_ROWS)
        put_rows(cluster, worker, &wire);
    else
        PUT(cluster, OTHER, worker, wire.header.stream);
}

static void arriving(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    (void)message, (void)size;
    PUT(cluster, ARRIVED, worker, 0);
}

static void arriving_down(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                          size_t size)
{
    (void)message, (void)size;
    PUT(cluster, ARRIVED, worker, 1);
}

static void pushed(struct cluster *cluster, uint32_t worker, const float *gradients)
{
    struct rog_worker_status status;
    float rate = (float)cluster->learning_rate;
    rog_worker_status(cluster->workers[worker].worker, &status);
    PUT(cluster, PUSHED, worker, status.iteration);
    put(cluster, &rate, 1);
    put(cluster, gradients, cluster->rows->params);
}

static void put_layout(struct cluster *cluster)
{
    const struct rog_rows *rows = cluster->rows;
    PUT(cluster, rows->tensor_count, cluster->options.workers);
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        PUT(cluster, rows->tensors[i].rows, rows->tensors[i].row_size);
    put(cluster, cluster->model, rows->params);
}

static void put_models(struct cluster *cluster)
{
    struct trace *trace = cluster->watch.user;
    PUT(cluster, MODELS);
    cluster_model(cluster, trace->model);
    put(cluster, trace->model, cluster->rows->params);
    for (uint32_t i = 0; i < cluster->options.workers; i++)
        put(cluster, cluster->workers[i].params, cluster->rows->params);
}

int main(int argc, char **argv)
{
    if (argc != 9) {
        fprintf(stderr, "usage: reference-trace FILE LIBRARY THRESHOLD WORKERS ITERATIONS RATE "
                        "HALVE_EVERY SEED\n");
        return 2;
    }
    struct rog_plugin plugin;
    load_strategy(&plugin, argv[2]);
    struct cluster_options options = {.strategy = plugin.strategy,
                                      .parameters = plugin.parameters,
                                      .threshold = atoi(argv[3]),
                                      .workers = (uint32_t)atoi(argv[4]),
                                      .iterations = (uint32_t)atoi(argv[5]),
                                      .values = true,
                                      .learning_rate = atof(argv[6]),
                                      .halve_every = (uint32_t)atoi(argv[7]),
                                      .seed = strtoull(argv[8], NULL, 10),
                                      .slow_s = 0.3};
    struct trace trace = {.file = fopen(argv[1], "wb")};
    struct cluster cluster;
    cluster_init(&cluster, &options,
                 &(struct cluster_watch){.user = &trace,
                                         .pushed = pushed,
                                         .sent_up = sent,
                                         .sent_down = sent,
                                         .arriving = arriving,
                                         .arriving_down = arriving_down});
    trace.signs = calloc(cluster.rows->params / 32 + 1, sizeof *trace.signs);
    trace.model = calloc(cluster.rows->params, sizeof *trace.model);
    if (!trace.file || !trace.signs || !trace.model) {
        perror(argv[1]);
        return 1;
    }
    put_layout(&cluster);
    bool done = cluster_run(&cluster);
    put_models(&cluster);
    free(trace.model);
    free(trace.signs);
    cluster_release(&cluster);
    rog_plugin_release(&plugin);
    return fclose(trace.file) == 0 && done ? 0 : 1;
}
