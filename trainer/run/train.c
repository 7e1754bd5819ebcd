/* SPDX-License-Identifier: Apache-2.0 */

/* Creates the parts of a run from its configuration. */

#include <trainer/run/train.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/json.h>
#include <common/memory.h>
#include <common/trace_name.h>
#include <common/workload.h>
#include <rog/events.h>
#include <trainer/data/dataset.h>
#include <trainer/data/sources.h>
#include <trainer/nn/safetensors.h>
#include <trainer/run/exchange.h>

#define LAYOUT_MAX_BYTES (16u << 20)

/* ---- preparing ---- */

static int load_strategy(struct rog_train *train, struct rog_error *err)
{
    const struct rog_run_config *config = train->config;
    int code = rog_plugin_load(&train->plugin, config->library, err);
    if (code)
        return code;
    int64_t threshold = config->threshold;
    if (threshold < 0)
        threshold = train->plugin.strategy->threshold_default;
    code = rog_plugin_check_threshold(&train->plugin, threshold, err);
    train->threshold = (int32_t)threshold;
    return code ? code : rog_plugin_configure(&train->plugin, config->parameters, err);
}

bool rog_train_is_program(const struct rog_run_config *config)
{
    return strcmp(config->workload, "program") == 0;
}

static int rows_of(const struct rog_train *train, const struct rog_arch *arch,
                   struct rog_rows **rows, struct rog_error *err)
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
    for (uint32_t i = 0; !code && i < arch->tensor_count; i++)
        rog_rows_set_name(*rows, i, arch->tensors[i].name);
    const struct rog_parts *parts = &train->parts;
    const struct rog_rows_codecs codecs = {
        .push = parts->push_codec,
        .push_parameters = parts->chosen[ROG_PART_PUSH_CODEC].parameters,
        .pull = parts->pull_codec,
        .pull_parameters = parts->chosen[ROG_PART_PULL_CODEC].parameters,
        .warmup = train->config->compression_warmup,
        .seed = train->config->seed};
    if (!code)
        code = rog_rows_set_codecs(*rows, &codecs, err);
out:
    free(dims);
    free(shapes);
    return code;
}

static int wire_bytes_of(const struct rog_train *train, const char *model, uint64_t *bytes,
                         struct rog_error *err)
{
    const struct rog_arch *like = train->arch;
    struct rog_arch *arch = NULL;
    struct rog_rows *rows = NULL;
    int code = rog_arch_new(&arch, model, like->classes, like->image_size, err);
    if (!code)
        code = rows_of(train, arch, &rows, err);
    if (!code)
        code = rog_exchange_bytes(rows, bytes, err);
    rog_rows_free(rows);
    rog_arch_free(arch);
    return code;
}

static int find_wire_scale(struct rog_train *train, struct rog_error *err)
{
    const char *model = train->config->wire_model;
    uint64_t own_bytes = 0;
    int code = rog_exchange_bytes(train->rows, &own_bytes, err);
    train->wire_bytes = own_bytes;
    if (!code && strcmp(model, "same") != 0)
        code = wire_bytes_of(train, model, &train->wire_bytes, err);
    if (!code)
        train->wire_scale = (double)train->wire_bytes / (double)own_bytes;
    return code;
}

static int make_params(struct rog_train *train, struct rog_error *err)
{
    train->params = rog_floats(train->arch->params);
    train->buffers = malloc((train->arch->buffers + 1) * sizeof *train->buffers);
    return train->params && train->buffers ? ROG_OK : rog_fail_nomem(err);
}

static int load_model(struct rog_train *train, const char *start_model, struct rog_error *err)
{
    const struct rog_arch *arch = train->arch;
    int code = make_params(train, err);
    if (code)
        return code;
    code = rog_safetensors_read(start_model, arch, train->params, train->buffers, err);
    if (!code)
        code = rog_learner_new(&train->learner, train->config, &train->parts, arch, train->buffers,
                               err);
    return code;
}

static int count_iterations(struct rog_train *train, struct rog_error *err)
{
    const struct rog_run_config *config = train->config;
    train->iterations = malloc((config->worker_count + 1u) * sizeof *train->iterations);
    if (!train->iterations)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < config->worker_count; i++) {
        const struct rog_run_worker *worker = &config->workers[i];
        if (rog_workload_runs_program(config->json, i + 1)) {
            train->iterations[i] = UINT32_MAX;
            continue;
        }
        uint64_t batches = train->learner ? rog_learner_batches(train->learner, i)
                                          : ROG_TRAIN_SHARD / worker->batch;
        uint64_t iterations = config->epochs * batches / worker->local_steps;
        if (iterations > UINT32_MAX)
            return rog_fail(err, ROG_EINVAL, "%u epochs would be more than %u iterations",
                            config->epochs, UINT32_MAX);
        train->iterations[i] = iterations ? (uint32_t)iterations : 1;
    }
    return ROG_OK;
}

/* ---- a model that is not of the built-in family ---- */

static void place(struct rog_arch_tensor *tensors, const struct rog_layout_tensor *from,
                  uint32_t count)
{
    uint64_t offset = 0;
    for (uint32_t i = 0; i < count; i++) {
        tensors[i] =
            (struct rog_arch_tensor){.dims = from[i].dims, .offset = offset, .size = from[i].size};
        snprintf(tensors[i].name, sizeof tensors[i].name, "%s", from[i].name);
        memcpy(tensors[i].shape, from[i].shape, from[i].dims * sizeof *from[i].shape);
        offset += from[i].size;
    }
}

_Static_assert(ROG_LAYOUT_DIMS <= ROG_TENSOR_MAX_DIMS &&
                   ROG_LAYOUT_NAME_BYTES <= ROG_TENSOR_NAME_BYTES,
               "a tensor of a layout fits into one of an architecture");

static int arch_of(const struct rog_layout *layout, struct rog_arch **out, struct rog_error *err)
{
    uint32_t buffers = layout->count - layout->trained;
    struct rog_arch *arch = calloc(1, sizeof *arch);
    *out = arch;
    if (!arch)
        return rog_fail_nomem(err);
    snprintf(arch->name, sizeof arch->name, "program");
    arch->params = layout->params;
    arch->buffers = layout->constants;
    arch->tensor_count = layout->trained;
    arch->buffer_count = buffers;
    arch->tensors = calloc(layout->trained + 1u, sizeof *arch->tensors);
    arch->buffer_tensors = calloc(buffers + 1u, sizeof *arch->buffer_tensors);
    if (!arch->tensors || !arch->buffer_tensors)
        return rog_fail_nomem(err);
    place(arch->tensors, layout->tensors, layout->trained);
    place(arch->buffer_tensors, layout->tensors + layout->trained, buffers);
    return ROG_OK;
}

static int adopt(struct rog_train *train, const struct rog_layout *layout, struct rog_error *err)
{
    int code = arch_of(layout, &train->arch, err);
    if (!code)
        code = rows_of(train, train->arch, &train->rows, err);
    if (!code && train->config->record_rows)
        code = rog_layers_new(&train->layers, train->rows, err);
    if (!code)
        code = rog_exchange_bytes(train->rows, &train->wire_bytes, err);
    train->wire_scale = 1;
    return code;
}

/* Reads the layout of a model without values. */
static int read_layout(struct rog_train *train, struct rog_error *err)
{
    const char *path = train->config->layout;
    char *text = NULL;
    size_t size = 0;
    struct rog_layout *layout = NULL;
    int code = rog_file_read(path, LAYOUT_MAX_BYTES, &text, &size, err);
    if (code)
        return code;
    code = rog_layout_parse(&layout, text, size, err);
    free(text);
    if (!code && !layout->trained)
        code = rog_fail(err, ROG_EINVAL, "no trained tensor");
    if (!code)
        code = adopt(train, layout, err);
    rog_layout_free(layout);
    if (code)
        rog_fail_prefix(err, "layout %s", path);
    return code;
}

/* ---- starting ---- */

static int make_network(struct rog_train *train, struct rog_error *err)
{
    const struct rog_run_config *config = train->config;
    int code =
        rog_arch_new(&train->arch, config->model, ROG_DATASET_CLASSES, config->image_size, err);
    if (!code)
        code = rows_of(train, train->arch, &train->rows, err);
    if (!code && config->record_rows)
        code = rog_layers_new(&train->layers, train->rows, err);
    return code ? code : find_wire_scale(train, err);
}

int rog_train_init(struct rog_train *train, const struct rog_run_config *config,
                   const char *start_model, struct rog_error *err)
{
    *train = (struct rog_train){.config = config};
    if (!config->worker_count)
        return rog_fail(err, ROG_EINVAL, "the configuration has no workers");
    if (config->layout && rog_workload_trains(config->json))
        return rog_fail(err, ROG_EINVAL,
                        "layout %s describes tensors without values and is only for workload none "
                        "(found workload %s)",
                        config->layout, config->workload);
    int code = load_strategy(train, err);
    if (!code)
        code = rog_parts_init(&train->parts, config->json, err);
    bool has_network = rog_workload_has_network(config->json);
    if (code || (rog_train_is_program(config) && !has_network))
        return code;
    code = config->layout ? read_layout(train, err) : make_network(train, err);
    if (!code && has_network)
        code = load_model(train, start_model, err);
    if (!code)
        code = count_iterations(train, err);
    return code;
}

int rog_train_adopt(struct rog_train *train, const struct rog_layout *layout, bool values,
                    struct rog_error *err)
{
    int code = adopt(train, layout, err);
    if (!code)
        code = count_iterations(train, err);
    return code || !values ? code : make_params(train, err);
}

static int add_tensors(struct rog_layout *layout, const struct rog_arch_tensor *tensors,
                       uint32_t count, bool constant, struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t i = 0; i < count && !code; i++)
        code = rog_layout_add(layout, tensors[i].name, tensors[i].dims, tensors[i].shape, constant,
                              err);
    return code;
}

int rog_train_layout(const struct rog_train *train, struct rog_layout **layout,
                     struct rog_error *err)
{
    const struct rog_arch *arch = train->arch;
    int code = rog_layout_new(layout, err);
    if (!code)
        code = add_tensors(*layout, arch->tensors, arch->tensor_count, false, err);
    if (!code)
        code = add_tensors(*layout, arch->buffer_tensors, arch->buffer_count, true, err);
    return code;
}

void rog_train_release(struct rog_train *train)
{
    rog_learner_free(train->learner);
    free(train->iterations);
    free(train->params);
    free(train->buffers);
    rog_layers_free(train->layers);
    rog_rows_free(train->rows);
    rog_parts_release(&train->parts);
    rog_arch_free(train->arch);
    rog_plugin_release(&train->plugin);
}

/* ---- events ---- */

int rog_train_model_sha256(const struct rog_train *train, char hex[ROG_SHA256_HEX_BYTES],
                           struct rog_error *err)
{
    return rog_sha256_two(train->params, train->arch->params * sizeof *train->params,
                          train->buffers, train->arch->buffers * sizeof *train->buffers, hex, err);
}

static struct rog_json *describe_strategy(const struct rog_train *train)
{
    struct rog_json *strategy = rog_json_object();
    rog_json_put_string(strategy, "library", train->plugin.strategy->name);
    rog_json_put_string(strategy, "version", train->plugin.strategy->version);
    rog_json_put_string(strategy, "path", train->plugin.path);
    if (train->plugin.python)
        rog_json_put_string(strategy, "python", rog_python_version(train->plugin.python));
    rog_json_put_integer(strategy, "threshold", train->threshold);
    if (train->plugin.values)
        rog_json_put(strategy, "parameters", rog_json_copy(train->plugin.values));
    return strategy;
}

static struct rog_json *describe_workers(const struct rog_train *train)
{
    const struct rog_run_config *config = train->config;
    struct rog_json *workers = rog_json_array();
    for (uint32_t i = 0; i < config->worker_count; i++) {
        struct rog_json *worker = rog_json_object();
        rog_json_put_integer(worker, "rank", config->workers[i].rank);
        rog_json_put_string(worker, "host", config->workers[i].host);
        rog_json_put_string(worker, "profile", config->workers[i].profile);
        if (config->workers[i].trace_phase > 0)
            rog_json_put_number(worker, "trace_phase", config->workers[i].trace_phase);
        if (config->trace_blocks > 0 &&
            rog_trace_kind(config->workers[i].trace, NULL) == ROG_TRACE_FILE)
            rog_json_put_number(worker, "trace_blocks", config->trace_blocks);
        if (rog_train_is_program(config))
            rog_json_put_bool(worker, "program", rog_workload_runs_program(config->json, i + 1));
        if (config->workers[i].step_measured) {
            rog_json_put_bool(worker, "measured", true);
            rog_json_put_number(worker, "step_s", config->workers[i].step_s);
        }
        if (train->iterations && train->iterations[i] != UINT32_MAX)
            rog_json_put_integer(worker, "iterations", train->iterations[i]);
        rog_json_append(workers, worker);
    }
    return workers;
}

int rog_train_report_start(const struct rog_train *train, struct rog_events *events,
                           struct rog_error *err)
{
    const struct rog_run_config *config = train->config;
    char hex[ROG_SHA256_HEX_BYTES];
    rog_event_begin(events, ROG_EVENT_START, 0, -1);
    rog_event_json(events, "strategy", describe_strategy(train));
    rog_event_string(events, "model", train->arch->name);
    rog_event_integer(events, "params", (int64_t)train->rows->params);
    rog_event_integer(events, "rows", train->rows->row_count);
    rog_event_integer(events, "wire_bytes", (int64_t)train->wire_bytes);
    if (train->params) {
        int code = rog_train_model_sha256(train, hex, err);
        if (code)
            return code;
        rog_event_string(events, "model_sha256", hex);
    }
    if (train->learner) {
        struct rog_json *data = rog_json_object();
        rog_json_put_string(data, "source", config->data);
        rog_json_put_string(data, "noise", config->noise);
        rog_json_put_string(data, "sha256", rog_learner_data_sha256(train->learner));
        rog_event_json(events, "data", data);
    }
    rog_event_json(events, "workers", describe_workers(train));
    if (rog_train_is_program(config) && !rog_workload_has_network(config->json)) {
        struct rog_layout *layout = NULL;
        int code = rog_train_layout(train, &layout, err);
        if (!code)
            rog_event_json(events, "layout", rog_layout_json(layout));
        rog_layout_free(layout);
        if (code)
            return code;
    }
    if (train->layers)
        rog_event_json(events, "layers", rog_layers_json(train->layers));
    rog_event_string(events, "version", ROG_VERSION);
    rog_event_integer(events, "results", ROG_RESULTS_VERSION);
    rog_event_integer(events, "seed", (int64_t)config->seed);
    return rog_event_end(events, err);
}

int rog_train_report_end(const struct rog_train *train, struct rog_events *events, double seconds,
                         uint32_t iterations, struct rog_json *away, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    rog_event_begin(events, ROG_EVENT_END, seconds, -1);
    rog_event_integer(events, "iterations", iterations);
    rog_event_seconds(events, "seconds", seconds);
    if (away)
        rog_event_integer(events, "workers",
                          (int64_t)(train->config->worker_count - rog_json_size(away)));
    if (rog_json_size(away) > 0)
        rog_event_json(events, "workers_away", away);
    else
        rog_json_free(away);
    if (train->params) {
        int code = rog_train_model_sha256(train, hex, err);
        if (code)
            return code;
        rog_event_string(events, "model_sha256", hex);
    }
    return rog_event_end(events, err);
}

/* ---- checkpoints ---- */

int rog_train_save(const struct rog_train *train, const float *params, const float *change,
                   const char *folder, struct rog_checkpoint *checkpoint, struct rog_error *err)
{
    char at[32], of[16];
    snprintf(checkpoint->path, sizeof checkpoint->path, "chkpt/%04u.safetensors",
             checkpoint->index);
    snprintf(at, sizeof at, "%.6f", checkpoint->t_s);
    snprintf(of, sizeof of, "%u", checkpoint->iteration);
    const struct rog_metadata metadata[] = {{"iteration", of}, {"seconds", at}};
    char *path = rog_path_join(folder, checkpoint->path);
    int code = path ? rog_safetensors_write(path, train->arch, params, change, train->buffers,
                                            metadata, 2, err)
                    : rog_fail_nomem(err);
    if (!code)
        code = rog_sha256_file(path, checkpoint->sha256, err);
    free(path);
    return code;
}

int rog_train_read(struct rog_train *train, const char *path, struct rog_error *err)
{
    return rog_safetensors_read(path, train->arch, train->params, train->buffers, err);
}
