/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lets a server and its workers exchange updates under an optimizer that works in rounds, and
 * writes down what happened, for optimizers.py, which computes the same from papers.
 *
 *     reference-rounds FILE OPTIMIZER PARAMETERS LIBRARY THRESHOLD WORKERS ITERATIONS CODEC SEED
 *
 * PARAMETERS is a JSON object. The file is a sequence of 32-bit numbers of this machine (u:
 * unsigned, f: float; "all" is one for each element of the model):
 *
 *   u workers, elements
 *   PULL     u 1, worker                       its pull begins
 *   PUSH     u 2, worker; f x, all; f 1 where an element came, else 0, all
 *   DEMANDED u 3, worker; the same             rows that were asked for, between two pushes
 *   LEFT     u 4, worker
 *   MODEL    u 5; f what has been added to the server's, all: after each PUSH and LEFT
 *   END      u 6
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/parameters.h>
#include <librog/optimizers/optimizers.h>
#include <librog/sync/coding.h>
#include <librog/sync/wire.h>
#include <tests/unit/sync_cluster.h>

enum record { PULL = 1, PUSH, DEMANDED, LEFT, MODEL, END };

struct trace {
    FILE *file;
    uint32_t workers;
    float **scale;    /* [worker][tensor]: of what is coming in */
    float **x, **has; /* [worker]: of the push that is coming in */
};

static void put(struct trace *trace, const void *numbers, size_t count)
{
    if (fwrite(numbers, sizeof(uint32_t), count, trace->file) != count) {
        perror("reference-rounds");
        exit(1);
    }
}

static void put_numbers(struct trace *trace, uint32_t kind, uint32_t worker)
{
    put(trace, (const uint32_t[]){kind, worker}, 2);
}

static void put_model(struct cluster *cluster)
{
    struct trace *trace = cluster->watch.user;
    put(trace, &(uint32_t){MODEL}, 1);
    put(trace, rog_server_change(cluster->server), cluster->rows->params);
}

static void take_scales(struct cluster *cluster, const struct rog_wire *wire, float *scale)
{
    struct rog_wire_numbers tensors = wire->numbers;
    uint32_t first, length, index = 0;
    memset(scale, 0, cluster->rows->tensor_count * sizeof *scale);
    while (rog_wire_run(&tensors, &first, &length))
        for (uint32_t i = first; i < first + length; i++)
            scale[i] = rog_wire_scale(wire, index++);
}

static void take_rows(struct cluster *cluster, uint32_t worker, const struct rog_wire *wire)
{
    struct trace *trace = cluster->watch.user;
    const struct rog_rows *rows = cluster->rows;
    struct rog_wire_numbers numbers = wire->numbers;
    const uint8_t *bytes = wire->payload, *end = bytes + wire->payload_bytes;
    struct rog_coding coding = {.rows = rows,
                                .way = rog_rows_way(rows, ROG_ROWS_PUSH, wire->header.iteration),
                                .scale = trace->scale[worker]};
    uint32_t first, length;
    rog_coding_begin(&coding);
    while (rog_wire_run(&numbers, &first, &length))
        for (uint32_t row = first; row < first + length; row++) {
            const struct rog_codec_row *coded = rog_coding_row(&coding, row);
            uint64_t at = rog_rows_offset(rows, row);
            coding.way->codec->decode(coded, -1, bytes, trace->x[worker] + at);
            for (uint32_t k = 0; k < coded->elements; k++)
                trace->has[worker][at + k] = 1;
            bytes += rog_coding_length(&coding, row, bytes, (size_t)(end - bytes));
        }
}

static void put_rows(struct cluster *cluster, uint32_t kind, uint32_t worker)
{
    struct trace *trace = cluster->watch.user;
    size_t params = cluster->rows->params;
    put_numbers(trace, kind, worker);
    put(trace, trace->x[worker], params);
    put(trace, trace->has[worker], params);
    memset(trace->x[worker], 0, params * sizeof(float));
    memset(trace->has[worker], 0, params * sizeof(float));
}

static void arriving(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct trace *trace = cluster->watch.user;
    struct rog_wire wire;
    if (rog_wire_parse(cluster->rows, message, size, &wire, NULL))
        exit(1);
    bool demanded = wire.header.stream == ROG_WIRE_DEMANDED;
    if (wire.header.kind == ROG_WIRE_BEGIN)
        take_scales(cluster, &wire, trace->scale[worker]);
    else if (wire.header.kind == ROG_WIRE_ROWS)
        take_rows(cluster, worker, &wire);
    if (wire.header.kind == (demanded ? ROG_WIRE_ROWS : ROG_WIRE_END))
        put_rows(cluster, demanded ? DEMANDED : PUSH, worker);
}

static void sent_down(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    (void)size;
    if (message[1] == ROG_WIRE_BEGIN)
        put_numbers(cluster->watch.user, PULL, worker);
}

static void notice(struct cluster *cluster, const struct rog_server_notice *said)
{
    if (said->kind == ROG_SERVER_PUSHED)
        put_model(cluster);
}

static void left(struct cluster *cluster, uint32_t worker)
{
    struct trace *trace = cluster->watch.user;
    size_t bytes = cluster->rows->params * sizeof(float);
    memset(trace->x[worker], 0, bytes);
    memset(trace->has[worker], 0, bytes);
    put_numbers(trace, LEFT, worker);
    put_model(cluster);
}

static const struct rog_server_optimizer *find(const char *name, const char *given,
                                               void **parameters)
{
    struct rog_error err;
    struct rog_json *json = NULL;
    size_t i = 0;
    while (rog_server_optimizers[i] && strcmp(rog_server_optimizers[i]->name, name) != 0)
        i++;
    const struct rog_server_optimizer *optimizer = rog_server_optimizers[i];
    if (!optimizer || rog_json_parse(given, strlen(given), "parameters", &json, &err) ||
        rog_parameters_make(optimizer->parameters, optimizer->parameter_bytes, name, json, NULL,
                            parameters, &err)) {
        fprintf(stderr, "reference-rounds: %s\n", optimizer ? err.message : name);
        exit(2);
    }
    rog_json_free(json);
    return optimizer;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        exit(1);
    return memory;
}

static void make(struct trace *trace, const struct cluster *cluster)
{
    const struct rog_rows *rows = cluster->rows;
    trace->scale = allocate(trace->workers, sizeof *trace->scale);
    trace->x = allocate(trace->workers, sizeof *trace->x);
    trace->has = allocate(trace->workers, sizeof *trace->has);
    for (uint32_t i = 0; i < trace->workers; i++) {
        trace->scale[i] = allocate(rows->tensor_count, sizeof(float));
        trace->x[i] = allocate(rows->params, sizeof(float));
        trace->has[i] = allocate(rows->params, sizeof(float));
    }
}

static void release(struct trace *trace)
{
    for (uint32_t i = 0; i < trace->workers; i++) {
        free(trace->scale[i]);
        free(trace->x[i]);
        free(trace->has[i]);
    }
    free(trace->scale);
    free(trace->x);
    free(trace->has);
}

int main(int argc, char **argv)
{
    if (argc != 10) {
        fprintf(stderr, "usage: reference-rounds FILE OPTIMIZER PARAMETERS LIBRARY THRESHOLD "
                        "WORKERS ITERATIONS CODEC SEED\n");
        return 2;
    }
    struct rog_plugin plugin;
    void *parameters = NULL;
    load_strategy(&plugin, argv[4]);
    struct cluster_options options = {.strategy = plugin.strategy,
                                      .parameters = plugin.parameters,
                                      .optimizer = find(argv[2], argv[3], &parameters),
                                      .optimizer_parameters = parameters,
                                      .threshold = atoi(argv[5]),
                                      .workers = (uint32_t)atoi(argv[6]),
                                      .iterations = (uint32_t)atoi(argv[7]),
                                      .values = true,
                                      .exact = strcmp(argv[8], "none") == 0,
                                      .leaves = true,
                                      .seed = strtoull(argv[9], NULL, 10),
                                      .slow_s = 0.3};
    struct trace trace = {.file = fopen(argv[1], "wb"), .workers = options.workers};
    struct cluster cluster;
    cluster_init(&cluster, &options,
                 &(struct cluster_watch){.user = &trace,
                                         .sent_down = sent_down,
                                         .arriving = arriving,
                                         .notice = notice,
                                         .left = left});
    make(&trace, &cluster);
    if (!trace.file) {
        perror(argv[1]);
        return 1;
    }
    put_numbers(&trace, trace.workers, (uint32_t)cluster.rows->params);
    bool done = cluster_run(&cluster);
    put(&trace, &(uint32_t){END}, 1);
    release(&trace);
    cluster_release(&cluster);
    free(parameters);
    rog_plugin_release(&plugin);
    return fclose(trace.file) == 0 && done ? 0 : 1;
}
