/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/sim/simulate.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/json.h>
#include <common/plugin.h>
#include <rog/events.h>
#include <trainer/data/dataset.h>
#include <trainer/nn/arch.h>
#include <trainer/nn/safetensors.h>
#include <trainer/sim/cluster.h>
#include <trainer/sim/events.h>
#include <trainer/sim/learner.h>
#include <trainer/sync/rows.h>

struct simulation {
    const struct rog_run_config *config;
    const struct rog_simulate_options *options;
    struct rog_plugin plugin;
    int32_t threshold;
    struct rog_arch *arch;
    struct rog_rows *rows;
    double wire_scale;
    float *params, *buffers;     /* NULL with workload "none" */
    struct rog_learner *learner; /* the same */
    uint32_t *iterations;        /* [worker] */
    struct rog_events *events;
    struct rog_cluster_result result;
};

static void release(struct simulation *simulation)
{
    rog_learner_free(simulation->learner);
    free(simulation->iterations);
    free(simulation->params);
    free(simulation->buffers);
    rog_rows_free(simulation->rows);
    rog_arch_free(simulation->arch);
    rog_plugin_release(&simulation->plugin);
}

/* ---- preparing ---- */

static int load_strategy(struct simulation *simulation, struct rog_error *err)
{
    const struct rog_run_config *config = simulation->config;
    int code = rog_plugin_load(&simulation->plugin, config->library, err);
    if (code)
        return code;
    int64_t threshold = config->threshold;
    if (threshold < 0)
        threshold = simulation->plugin.strategy->threshold_default;
    code = rog_plugin_check_threshold(&simulation->plugin, threshold, err);
    simulation->threshold = (int32_t)threshold;
    return code;
}

static int rows_of(const struct rog_arch *arch, struct rog_rows **rows, struct rog_error *err)
{
    *rows = NULL;
    int code = ROG_OK;
    uint32_t *dims = malloc(arch->tensor_count * sizeof *dims);
    uint32_t *shapes = malloc((size_t)arch->tensor_count * ROG_TENSOR_MAX_DIMS * sizeof *shapes);
    if (!dims || !shapes) {
        code = rog_fail_nomem(err);
        goto out;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < arch->tensor_count; i++) {
        dims[i] = arch->tensors[i].dims;
        for (uint32_t d = 0; d < dims[i]; d++)
            shapes[count++] = arch->tensors[i].shape[d];
    }
    code = rog_rows_new(rows, dims, shapes, arch->tensor_count, err);
out:
    free(dims);
    free(shapes);
    return code;
}

/* How many bytes a byte of the trained model's messages stands for. */
static int find_wire_scale(struct simulation *simulation, struct rog_error *err)
{
    const struct rog_run_config *config = simulation->config;
    simulation->wire_scale = 1;
    if (strcmp(config->wire_model, "same") == 0)
        return ROG_OK;
    struct rog_arch *arch = NULL;
    struct rog_rows *rows = NULL;
    int code = rog_arch_new(&arch, config->wire_model, simulation->arch->classes,
                            simulation->arch->image_size, err);
    if (!code)
        code = rows_of(arch, &rows, err);
    if (!code)
        simulation->wire_scale = (double)rows->wire_bytes / (double)simulation->rows->wire_bytes;
    rog_rows_free(rows);
    rog_arch_free(arch);
    return code;
}

static int load_model(struct simulation *simulation, struct rog_error *err)
{
    const struct rog_arch *arch = simulation->arch;
    simulation->params = malloc(arch->params * sizeof *simulation->params);
    simulation->buffers = malloc((arch->buffers + 1) * sizeof *simulation->buffers);
    if (!simulation->params || !simulation->buffers)
        return rog_fail_nomem(err);
    int code = rog_safetensors_read(simulation->options->start_model, arch, simulation->params,
                                    simulation->buffers, err);
    if (!code)
        code = rog_learner_new(&simulation->learner, simulation->config, arch, simulation->buffers,
                               err);
    return code;
}

static int count_iterations(struct simulation *simulation, struct rog_error *err)
{
    const struct rog_run_config *config = simulation->config;
    simulation->iterations = malloc((config->worker_count + 1u) * sizeof *simulation->iterations);
    if (!simulation->iterations)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < config->worker_count; i++) {
        const struct rog_run_worker *worker = &config->workers[i];
        uint64_t batches = simulation->learner
                               ? rog_learner_batches(simulation->learner, i)
                               : ROG_SIMULATE_IMAGES / config->worker_count / worker->batch;
        uint64_t iterations = config->epochs * batches / worker->local_steps;
        if (iterations > UINT32_MAX)
            return rog_fail(err, ROG_EINVAL, "%u epochs are more than %u iterations",
                            config->epochs, UINT32_MAX);
        simulation->iterations[i] = iterations ? (uint32_t)iterations : 1;
    }
    return ROG_OK;
}

static int prepare(struct simulation *simulation, struct rog_error *err)
{
    const struct rog_run_config *config = simulation->config;
    if (!config->worker_count)
        return rog_fail(err, ROG_EINVAL, "the configuration has no workers to simulate");
    int code = load_strategy(simulation, err);
    if (!code)
        code = rog_arch_new(&simulation->arch, config->model, ROG_DATASET_CLASSES,
                            config->image_size, err);
    if (!code)
        code = rows_of(simulation->arch, &simulation->rows, err);
    if (!code)
        code = find_wire_scale(simulation, err);
    if (!code && strcmp(config->workload, "none") != 0)
        code = load_model(simulation, err);
    if (!code)
        code = count_iterations(simulation, err);
    return code;
}

/* ---- events ---- */

/* Of the weights and running statistics, as they are in memory. */
static int model_sha256(const struct simulation *simulation, char hex[ROG_SHA256_HEX_BYTES],
                        struct rog_error *err)
{
    struct rog_sha256_stream *stream = NULL;
    int code = rog_sha256_stream_new(&stream, err);
    if (code)
        return code;
    rog_sha256_stream_add(stream, simulation->params,
                          simulation->arch->params * sizeof *simulation->params);
    rog_sha256_stream_add(stream, simulation->buffers,
                          simulation->arch->buffers * sizeof *simulation->buffers);
    rog_sha256_stream_end(stream, hex);
    return ROG_OK;
}

static struct rog_json *describe_strategy(const struct simulation *simulation)
{
    struct rog_json *strategy = rog_json_object();
    rog_json_put_string(strategy, "library", simulation->plugin.strategy->name);
    rog_json_put_string(strategy, "version", simulation->plugin.strategy->version);
    rog_json_put_string(strategy, "path", simulation->plugin.path);
    rog_json_put_integer(strategy, "threshold", simulation->threshold);
    return strategy;
}

static struct rog_json *describe_workers(const struct rog_run_config *config)
{
    struct rog_json *workers = rog_json_array();
    for (uint32_t i = 0; i < config->worker_count; i++) {
        struct rog_json *worker = rog_json_object();
        rog_json_put_integer(worker, "rank", config->workers[i].rank);
        rog_json_put_string(worker, "host", config->workers[i].host);
        rog_json_put_string(worker, "profile", config->workers[i].profile);
        rog_json_append(workers, worker);
    }
    return workers;
}

static int report_start(const struct simulation *simulation, struct rog_error *err)
{
    const struct rog_run_config *config = simulation->config;
    struct rog_events *events = simulation->events;
    char hex[ROG_SHA256_HEX_BYTES];
    rog_event_begin(events, ROG_EVENT_START, 0, -1);
    rog_event_json(events, "strategy", describe_strategy(simulation));
    rog_event_string(events, "model", config->model);
    rog_event_integer(events, "params", (int64_t)simulation->rows->params);
    rog_event_integer(events, "rows", simulation->rows->row_count);
    rog_event_integer(events, "wire_bytes",
                      llround((double)simulation->rows->wire_bytes * simulation->wire_scale));
    if (simulation->params) {
        int code = model_sha256(simulation, hex, err);
        if (code)
            return code;
        rog_event_string(events, "model_sha256", hex);
        struct rog_json *data = rog_json_object();
        rog_json_put_string(data, "source", config->data);
        rog_json_put_string(data, "noise", config->noise);
        rog_json_put_string(data, "sha256", rog_learner_data_sha256(simulation->learner));
        rog_event_json(events, "data", data);
    }
    rog_event_json(events, "workers", describe_workers(config));
    rog_event_string(events, "version", ROG_VERSION);
    rog_event_integer(events, "seed", (int64_t)config->seed);
    return rog_event_end(events, err);
}

static int report_end(const struct simulation *simulation, struct rog_error *err)
{
    struct rog_events *events = simulation->events;
    char hex[ROG_SHA256_HEX_BYTES];
    rog_event_begin(events, ROG_EVENT_END, simulation->result.seconds, -1);
    rog_event_integer(events, "iterations", simulation->result.iterations);
    rog_event_seconds(events, "seconds", simulation->result.seconds);
    if (simulation->params) {
        int code = model_sha256(simulation, hex, err);
        if (code)
            return code;
        rog_event_string(events, "model_sha256", hex);
    }
    return rog_event_end(events, err);
}

/* The cause of the failure, for whoever reads the stream; the caller has it in *err. */
static void report_error(const struct simulation *simulation, const struct rog_error *err)
{
    rog_event_begin(simulation->events, ROG_EVENT_ERROR, simulation->result.seconds, -1);
    rog_event_string(simulation->events, "message", err->message);
    rog_event_end(simulation->events, NULL);
}

/* ---- hooks of the cluster ---- */

static int take_gradients(void *user, uint32_t worker, uint32_t steps, const float *params,
                          const float **gradients, double *loss, struct rog_error *err)
{
    const struct simulation *simulation = user;
    return rog_learner_gradients(simulation->learner, worker, steps, params, gradients, loss, err);
}

static int take_checkpoint(void *user, uint32_t index, double t_s, uint32_t iteration,
                           struct rog_error *err)
{
    const struct simulation *simulation = user;
    char name[32], at[32], of[16], hex[ROG_SHA256_HEX_BYTES];
    snprintf(name, sizeof name, "chkpt/%04u.safetensors", index);
    snprintf(at, sizeof at, "%.6f", t_s);
    snprintf(of, sizeof of, "%u", iteration);
    const struct rog_metadata metadata[] = {{"iteration", of}, {"seconds", at}};
    char *path = rog_path_join(simulation->options->out_dir, name);
    int code = path ? rog_safetensors_write(path, simulation->arch, simulation->params,
                                            simulation->buffers, metadata, 2, err)
                    : rog_fail_nomem(err);
    if (!code)
        code = rog_sha256_file(path, hex, err);
    free(path);
    if (code)
        return code;
    struct rog_events *events = simulation->events;
    rog_event_begin(events, ROG_EVENT_CHECKPOINT, t_s, 0);
    rog_event_integer(events, "iteration", iteration);
    rog_event_string(events, "path", name);
    rog_event_string(events, "sha256", hex);
    return rog_event_end(events, err);
}

static bool interrupted(void *user)
{
    const struct simulation *simulation = user;
    const struct rog_simulate_options *options = simulation->options;
    return options->interrupted && options->interrupted(options->user);
}

/* ---- running ---- */

static int run(struct simulation *simulation, struct rog_error *err)
{
    int code = report_start(simulation, err);
    if (code)
        return code;
    const struct rog_cluster_config cluster = {
        .run = simulation->config,
        .iterations = simulation->iterations,
        .strategy = simulation->plugin.strategy,
        .threshold = simulation->threshold,
        .rows = simulation->rows,
        .wire_scale = simulation->wire_scale,
        .params = simulation->params,
        .events = simulation->events,
        .user = simulation,
        .gradients = take_gradients,
        .checkpoint = take_checkpoint,
        .interrupted = interrupted,
    };
    code = rog_cluster_run(&cluster, &simulation->result, err);
    return code ? code : report_end(simulation, err);
}

static int open_events(struct simulation *simulation, struct rog_error *err)
{
    const struct rog_simulate_options *options = simulation->options;
    int code = rog_dir_make(options->out_dir, err);
    if (code)
        return code;
    if (options->events_path)
        return rog_events_open(&simulation->events, options->events_path, err);
    char *path = rog_path_join(options->out_dir, "events.jsonl");
    code = path ? rog_events_open(&simulation->events, path, err) : rog_fail_nomem(err);
    free(path);
    return code;
}

int rog_simulate(const struct rog_run_config *config, const struct rog_simulate_options *options,
                 struct rog_error *err)
{
    struct simulation simulation = {.config = config, .options = options};
    struct rog_error cause = {0}, last = {0};
    int code = open_events(&simulation, &cause);
    if (!code)
        code = prepare(&simulation, &cause);
    if (!code)
        code = run(&simulation, &cause);
    if (code && simulation.events)
        report_error(&simulation, &cause);
    if (rog_events_close(simulation.events, &last) && !code) {
        code = last.code;
        cause = last;
    }
    release(&simulation);
    if (code)
        rog_fail(err, code, "%s", cause.message);
    return code;
}
