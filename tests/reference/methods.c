/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Methods of the literature on the synchronization core, beside programs written from their papers
 * (papers.py, which also made the numbers in methods.json):
 *
 *     reference-methods CASES           holds each case to the numbers that are with it
 *     reference-methods CASES NAME OUT  writes down all of a case, for papers.py
 *
 * A case has settings of a run, as experiment files have them. Three workers minimize quadratic
 * functions of a small model, worker i that with the gradient c_i (w - t_i), by turns: who has its
 * turn makes its local steps and pushes, and then everything arrives that anybody has to say. With
 * a strategy that waits for all, three turns are an exchange.
 *
 * OUT: 64-bit floats: parameters, workers, turns; the model all begin with; of each worker c and t;
 * then of each turn 1 where the worker had one (0: it waited), the server's model and the worker's.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/json.h>
#include <common/plugin.h>
#include <common/rng.h>
#include <common/run_config.h>
#include <librog/parts/parts.h>
#include <librog/sync/message.h>
#include <librog/sync/server.h>
#include <librog/sync/worker.h>
#include <trainer/run/exchange.h>
#include <trainer/run/local.h>

#define WORKERS 3
#define TENSORS 5
#define MOST_JSON (1u << 24)
#define TURN_S 1.0
#define TOLERANCE 1e-6 /* of the largest magnitude */

/* A matrix of rows, a vector, two small ones that are a row each, a kernel of four dimensions. */
static const uint32_t dims[TENSORS] = {2, 1, 2, 2, 4};
static const uint32_t shapes[] = {40, 60, 17, 30, 20, 6, 5, 12, 3, 3, 16};

struct node {
    struct rog_worker *core;
    struct rog_local *local;
    float *params, *slope, *target; /* w, c, t */
    bool ahead;                     /* the local steps of its next push are made */
};

struct bench {
    struct rog_run_config *config;
    struct rog_plugin plugin;
    struct rog_parts parts;
    struct rog_rows *rows;
    struct rog_server *server;
    struct node nodes[WORKERS];
    float *start, *gradient;
    uint8_t *message;
    size_t message_bytes;
    double now;
};

static void check(int code, const struct rog_error *err)
{
    if (!code)
        return;
    fprintf(stderr, "reference-methods: %s\n", err->message);
    exit(1);
}

static void *or_die(void *memory)
{
    static const struct rog_error none = {.message = "no memory"};
    check(!memory, &none);
    return memory;
}

static float *floats(uint64_t count)
{
    return or_die(calloc(count, sizeof(float)));
}

/* ---- the run ---- */

static void make_rows(struct bench *bench)
{
    struct rog_error err;
    const struct rog_parts *parts = &bench->parts;
    const struct rog_rows_codecs codecs = {
        .push = parts->push_codec,
        .pull = parts->pull_codec,
        .push_parameters = parts->chosen[ROG_PART_PUSH_CODEC].parameters,
        .pull_parameters = parts->chosen[ROG_PART_PULL_CODEC].parameters,
        .warmup = bench->config->compression_warmup,
        .seed = bench->config->seed,
    };
    check(rog_rows_new(&bench->rows, dims, shapes, TENSORS, &err), &err);
    check(rog_rows_set_codecs(bench->rows, &codecs, &err), &err);
}

static struct rog_strategy_config policy(const struct bench *bench)
{
    int64_t threshold = bench->config->threshold;
    return (struct rog_strategy_config){
        .rows = bench->rows->row_count,
        .workers = WORKERS,
        .threshold = threshold < 0 ? bench->plugin.strategy->threshold_default : (int32_t)threshold,
        .parameters = bench->plugin.parameters,
        .seed = bench->config->seed,
    };
}

static void make_node(struct bench *bench, uint32_t index, struct rog_rng *rng)
{
    struct rog_error err;
    struct node *node = &bench->nodes[index];
    const struct rog_parts *parts = &bench->parts;
    uint64_t count = bench->rows->params;
    float *places[TENSORS];
    *node = (struct node){.params = floats(count), .slope = floats(count), .target = floats(count)};
    memcpy(node->params, bench->start, count * sizeof(float));
    for (uint64_t i = 0; i < count; i++) {
        node->slope[i] = (float)exp(0.5 * rog_rng_normal(rng));
        node->target[i] = (float)rog_rng_normal(rng);
    }
    const struct rog_worker_config config = {.rows = bench->rows,
                                             .strategy = bench->plugin.strategy,
                                             .policy = policy(bench),
                                             .worker = index,
                                             .local_steps = bench->config->batchsize,
                                             .contribution = &parts->contribution};
    rog_rows_places(bench->rows, node->params, places);
    check(rog_worker_new(&node->core, &config, places, &err), &err);
    check(rog_local_new(&node->local, parts->local_optimizer,
                        parts->chosen[ROG_PART_LOCAL_OPTIMIZER].parameters, count, &err),
          &err);
}

static void bench_init(struct bench *bench, const struct rog_json *settings)
{
    struct rog_error err;
    struct rog_rng rng;
    *bench = (struct bench){.config = NULL};
    rog_rng_init(&rng, 15);
    check(rog_run_config_new(&bench->config, rog_json_copy(settings), "settings", &err), &err);
    check(rog_plugin_load(&bench->plugin, bench->config->library, &err), &err);
    check(rog_plugin_configure(&bench->plugin, bench->config->parameters, &err), &err);
    check(rog_parts_init(&bench->parts, bench->config->json, &err), &err);
    make_rows(bench);
    bench->start = floats(bench->rows->params);
    bench->gradient = floats(bench->rows->params);
    for (uint64_t i = 0; i < bench->rows->params; i++)
        bench->start[i] = 0.1f * (float)rog_rng_normal(&rng);
    bench->message_bytes = rog_exchange_message_bytes(bench->rows);
    bench->message = or_die(malloc(bench->message_bytes));
    const struct rog_server_config server = {
        .rows = bench->rows,
        .strategy = bench->plugin.strategy,
        .policy = policy(bench),
        .optimizer = bench->parts.server_optimizer,
        .optimizer_parameters = bench->parts.chosen[ROG_PART_SERVER_OPTIMIZER].parameters,
    };
    check(rog_server_new(&bench->server, &server, bench->start, &err), &err);
    for (uint32_t i = 0; i < WORKERS; i++)
        make_node(bench, i, &rng);
}

static void bench_release(struct bench *bench)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct node *node = &bench->nodes[i];
        rog_worker_free(node->core);
        rog_local_free(node->local);
        free(node->params);
        free(node->slope);
        free(node->target);
    }
    rog_server_free(bench->server);
    rog_rows_free(bench->rows);
    rog_parts_release(&bench->parts);
    rog_plugin_release(&bench->plugin);
    rog_run_config_free(bench->config);
    free(bench->message);
    free(bench->gradient);
    free(bench->start);
}

/* ---- a turn ---- */

static void find_gradient(struct bench *bench, const struct node *node)
{
    for (uint64_t i = 0; i < bench->rows->params; i++)
        bench->gradient[i] = node->slope[i] * (node->params[i] - node->target[i]);
}

static bool is_delta(const struct bench *bench)
{
    return bench->parts.contribution.kind == ROG_CONTRIBUTION_DELTA;
}

/* The local steps of a push, which is the `iteration`th. */
static void step_locally(struct bench *bench, struct node *node, uint32_t iteration)
{
    const struct rog_run_config *config = bench->config;
    const struct rog_local_rates rates = {
        .learning_rate = rog_run_config_learning_rate(config, iteration),
        .momentum = config->momentum,
        .weight_decay = config->weight_decay,
        .clip_norm = config->clip_norm,
    };
    for (uint32_t i = rog_worker_local_steps(node->core); i > 0 && is_delta(bench); i--) {
        find_gradient(bench, node);
        rog_local_step(node->local, &rates, bench->gradient, node->params);
    }
}

static void push(struct bench *bench, struct node *node, uint32_t iteration)
{
    struct rog_error err;
    const float *places[TENSORS];
    const struct rog_rule rule = rog_exchange_rule(bench->config, iteration);
    const struct rog_worker_gradients given = {
        .tensors = is_delta(bench) ? NULL : places, .rules = &rule, .rule_count = 1};
    if (!node->ahead)
        step_locally(bench, node, iteration);
    find_gradient(bench, node);
    for (uint32_t i = 0; i < TENSORS; i++)
        places[i] = bench->gradient + bench->rows->tensors[i].offset;
    check(rog_worker_push(node->core, &given, bench->now, &err), &err);
    node->ahead = rog_worker_overlaps(node->core);
    if (node->ahead)
        step_locally(bench, node, iteration + 1);
}

/* Whatever one worker and the server have to say to each other; whether that was anything. */
static bool talk(struct bench *bench, uint32_t index)
{
    struct rog_error err;
    struct node *node = &bench->nodes[index];
    struct rog_server_notice notice;
    enum rog_worker_notice told;
    size_t up, down;
    check(rog_worker_send(node->core, bench->now, bench->message, bench->message_bytes, &up, &err),
          &err);
    if (up > 0)
        check(rog_server_receive(bench->server, index, bench->message, up, bench->now, &err), &err);
    check(rog_server_send(bench->server, index, bench->now, bench->message, bench->message_bytes,
                          &down, &err),
          &err);
    if (down > 0)
        check(rog_worker_receive(node->core, bench->message, down, bench->now, &told, &err), &err);
    while (rog_server_notice(bench->server, &notice))
        ;
    return up > 0 || down > 0;
}

/* Whether the worker could make use of its turn. */
static bool turn(struct bench *bench, uint32_t index)
{
    struct rog_worker_status status;
    struct node *node = &bench->nodes[index];
    rog_worker_status(node->core, &status);
    bool goes_on = !status.pushing && !status.waiting;
    bench->now += TURN_S;
    if (goes_on)
        push(bench, node, status.iteration + 1);
    for (bool said = true; said;) {
        said = false;
        for (uint32_t i = 0; i < WORKERS; i++)
            said |= talk(bench, i);
    }
    return goes_on;
}

/* ---- writing all down ---- */

static void put(FILE *file, const double *numbers, size_t count)
{
    if (fwrite(numbers, sizeof *numbers, count, file) != count) {
        perror("reference-methods");
        exit(1);
    }
}

/* base + change */
static void put_sum(FILE *file, const float *base, const float *change, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        double number = (double)base[i] + (change ? (double)change[i] : 0);
        put(file, &number, 1);
    }
}

static uint32_t whose(const struct rog_json *of, uint32_t at)
{
    const struct rog_json *schedule = rog_json_get(of, "schedule");
    return (uint32_t)rog_json_integer(rog_json_at(schedule, at % rog_json_size(schedule)), 0);
}

static uint32_t turns(const struct rog_json *of)
{
    return (uint32_t)rog_json_get_integer(of, "turns", 0);
}

static void write_down(const struct rog_json *of, const char *path)
{
    struct bench bench;
    bench_init(&bench, rog_json_get(of, "settings"));
    FILE *file = or_die(fopen(path, "wb"));
    uint64_t count = bench.rows->params;
    put(file, (double[]){(double)count, WORKERS, turns(of)}, 3);
    put_sum(file, bench.start, NULL, count);
    for (uint32_t i = 0; i < WORKERS; i++) {
        put_sum(file, bench.nodes[i].slope, NULL, count);
        put_sum(file, bench.nodes[i].target, NULL, count);
    }
    for (uint32_t at = 0; at < turns(of); at++) {
        uint32_t index = whose(of, at);
        put(file, (double[]){turn(&bench, index)}, 1);
        put_sum(file, bench.start, rog_server_change(bench.server), count);
        put_sum(file, bench.nodes[index].params, NULL, count);
    }
    bench_release(&bench);
    if (fclose(file)) {
        perror(path);
        exit(1);
    }
}

/* ---- the numbers that are there ---- */

/* How many of these elements are off; and how far the worst of the others is. */
static uint32_t count_off(const struct bench *bench, const struct rog_json *places,
                          const struct rog_json *model, double largest, double *worst)
{
    uint32_t off = 0;
    const float *change = rog_server_change(bench->server);
    for (size_t i = 0; i < rog_json_size(places); i++) {
        uint64_t at = (uint64_t)rog_json_integer(rog_json_at(places, i), 0);
        double found = (double)bench->start[at] + (double)change[at];
        double error = fabs(found - rog_json_number(rog_json_at(model, i), NAN)) / largest;
        bool good = error <= TOLERANCE;
        off += !good;
        *worst = good ? fmax(*worst, error) : *worst;
    }
    return off;
}

static bool hold(const struct rog_json *of)
{
    struct bench bench;
    const struct rog_json *models = rog_json_get(of, "models"),
                          *places = rog_json_get(of, "places");
    const struct rog_json *largest = rog_json_get(of, "largest");
    uint32_t off = 0, next = 0, every = turns(of) / (uint32_t)rog_json_size(models);
    uint32_t may = (uint32_t)rog_json_get_integer(of, "flips", 0);
    double worst = 0;
    bench_init(&bench, rog_json_get(of, "settings"));
    for (uint32_t at = 0; at < turns(of); at++) {
        turn(&bench, whose(of, at));
        if ((at + 1) % every > 0)
            continue;
        double scale = rog_json_number(rog_json_at(largest, next), NAN);
        off += count_off(&bench, places, rog_json_at(models, next++), scale, &worst);
    }
    bench_release(&bench);
    printf("%-18s off by at most %.1e of the largest, %u of %zu elements elsewhere (may be %u)\n",
           rog_json_get_string(of, "name", ""), worst, off,
           rog_json_size(models) * rog_json_size(places), may);
    return off <= may;
}

int main(int argc, char **argv)
{
    struct rog_error err;
    struct rog_json *all;
    char *text = NULL;
    size_t size = 0;
    bool good = true, found = argc == 2;
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: reference-methods CASES [NAME OUT]\n");
        return 2;
    }
    check(rog_file_read(argv[1], MOST_JSON, &text, &size, &err), &err);
    check(rog_json_parse(text, size, argv[1], &all, &err), &err);
    const struct rog_json *cases = rog_json_get(all, "cases");
    for (size_t i = 0; i < rog_json_size(cases); i++) {
        const struct rog_json *of = rog_json_at(cases, i);
        bool chosen = argc == 4 && strcmp(argv[2], rog_json_get_string(of, "name", "")) == 0;
        if (argc == 2)
            good &= hold(of);
        else if (chosen)
            write_down(of, argv[3]);
        found |= chosen;
    }
    rog_json_free(all);
    free(text);
    return good && found ? 0 : 1;
}
