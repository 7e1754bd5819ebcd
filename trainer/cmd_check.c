/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer check: checks whether runs could start, without starting any. */
#include <trainer/commands.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/ran_out.h>
#include <common/memory.h>
#include <common/trace_name.h>
#include <common/workload.h>
#include <librog/trace/source.h>
#include <trainer/data/dataset.h>
#include <trainer/data/sources.h>
#include <trainer/nn/arch.h>
#include <trainer/nn/safetensors.h>
#include <trainer/run/train.h>
#include <trainer/sim/times.h>

#define CONFIGS_MAX_BYTES ((size_t)1 << 30)

/* Results of earlier checks, {key: error or ""}: runs of a sweep have nearly all of them in
 * common. */
struct looking {
    struct rog_json *seen;
    const struct rog_run_config *config;
    const struct rog_run_worker *worker; /* for checks of a worker */
    const struct rog_train *train;       /* for checks of a run */
};

typedef int (*look_fn)(const struct looking *looking, struct rog_error *err);

/* Runs a check once per `key`, which is the same for checks with the same result. */
static int once(const struct looking *looking, const char *key, look_fn look, struct rog_error *err)
{
    const char *known = rog_json_get_string(looking->seen, key, NULL);
    if (known)
        return known[0] ? rog_fail(err, ROG_EINVAL, "%s", known) : ROG_OK;
    struct rog_error cause = {0};
    int code = look(looking, &cause);
    if (code == ROG_ENOMEM)
        return rog_fail_again(err, &cause); /* not caused by the configuration */
    rog_json_put_string(looking->seen, key, code ? cause.message : "");
    if (code)
        rog_fail_again(err, &cause);
    return code;
}

/* ---- checks of a worker ---- */

static int look_at_trace(const struct looking *looking, struct rog_error *err)
{
    struct rog_trace *trace = NULL;
    const struct rog_trace_source source =
        rog_trace_source_of(looking->config, looking->worker->rank - 1);
    int code = rog_trace_open(&trace, &source, err);
    rog_trace_free(trace);
    return code;
}

static int look_at_times(const struct looking *looking, struct rog_error *err)
{
    struct rog_times times = {0};
    int code = rog_times_read(&times, looking->worker->step_times, err);
    rog_times_release(&times);
    return code;
}

static int check_worker(struct looking *looking, struct rog_error *err)
{
    const struct rog_run_worker *worker = looking->worker;
    bool is_file = rog_trace_kind(worker->trace, NULL) == ROG_TRACE_FILE;
    char *path =
        is_file ? rog_path_of_rank(worker->trace, worker->rank) : rog_strdup(worker->trace);
    char *trace = path ? rog_format("trace %.17g %s", looking->config->trace_blocks, path) : NULL;
    char *times = worker->step_times ? rog_format("times %s", worker->step_times) : NULL;
    int code = trace && (times || !worker->step_times) ? ROG_OK : rog_fail_nomem(err);
    if (!code)
        code = once(looking, trace, look_at_trace, err);
    if (!code && times)
        code = once(looking, times, look_at_times, err);
    if (code)
        rog_fail_prefix(err, "worker %u", worker->rank);
    free(times);
    free(trace);
    free(path);
    return code;
}

/* ---- checks of a run ---- */

static int look_at_strategy(const struct looking *looking, struct rog_error *err)
{
    return rog_train_try_strategy(looking->train, err);
}

/* Checks the strategy with all arguments that it gets when it is created. */
static int check_strategy(const struct looking *looking, const struct rog_train *train,
                          struct rog_error *err)
{
    char *values = rog_json_text(train->plugin.values);
    char *key =
        rog_format("strategy %s %d %u %u %s", train->plugin.path, train->threshold,
                   train->rows->row_count, train->config->worker_count, values ? values : "");
    struct looking strategy = *looking;
    strategy.train = train;
    int code = key ? once(&strategy, key, look_at_strategy, err) : rog_fail_nomem(err);
    free(key);
    free(values);
    return code;
}

/* Checks strategy, codec, model and rows, and how long workers train; the model gets no values. */
static int look_at_train(const struct looking *looking, struct rog_error *err)
{
    struct rog_run_config empty = *looking->config;
    struct rog_train train;
    struct rog_json *json = rog_json_copy(empty.json);
    if (!json)
        return rog_fail_nomem(err);
    bool has_network = rog_workload_has_network(json);
    if (has_network || !rog_workload_trains(json)) {
        rog_json_put_string(json, "workload", "none");
        empty.workload = "none";
    }
    empty.json = json;
    int code = rog_train_init(&train, &empty, NULL, err);
    if (!code && train.rows)
        code = check_strategy(looking, &train, err);
    rog_train_release(&train);
    rog_json_free(json);
    return code;
}

static int look_at_model(const struct looking *looking, struct rog_error *err)
{
    const struct rog_run_config *config = looking->config;
    struct rog_arch *arch = NULL;
    float *params = NULL, *buffers = NULL;
    int code = rog_arch_new(&arch, config->model, ROG_DATASET_CLASSES, config->image_size, err);
    if (!code) {
        params = rog_floats(arch->params);
        buffers = malloc((arch->buffers + 1) * sizeof *buffers);
        code = params && buffers
                   ? rog_safetensors_read(config->initial_model, arch, params, buffers, err)
                   : rog_fail_nomem(err);
    }
    free(buffers);
    free(params);
    rog_arch_free(arch);
    return code;
}

static int look_at_data(const struct looking *looking, struct rog_error *err)
{
    const struct rog_run_config *config = looking->config;
    int code = rog_dataset_check(config->data, ROG_SPLIT_TRAIN, config->noise, err);
    return code ? code : rog_dataset_check(config->data, ROG_SPLIT_TEST, config->noise, err);
}

/* A program may read any data, but if files are named in its configuration, they must exist. The
 * number of images in them is not checked. */
static int look_at_files(const struct looking *looking, struct rog_error *err)
{
    int code = ROG_OK;
    for (int split = ROG_SPLIT_TRAIN; split <= ROG_SPLIT_TEST && code == ROG_OK; split++) {
        code = rog_dataset_check(looking->config->data, (enum rog_split)split, "none", err);
        if (code == ROG_EFORMAT)
            code = ROG_OK;
    }
    return code;
}

/* Returns the key of everything that look_at_train checks: counting the exchange of a model row by
 * row is too slow for each of a thousand learning rates. */
static char *train_key(const struct rog_run_config *config)
{
    const struct rog_json *json = config->json;
    char *parameters = rog_json_text(config->parameters);
    struct rog_json *chosen = rog_json_object(); /* the settings that select codecs and
                                                    optimizers */
    rog_settings_copy(rog_run_settings, ROG_SETTING_LEFT_OUT, 0, json, chosen);
    char *parts = rog_json_text(chosen);
    char *workers = rog_json_text(rog_json_get(json, "workers"));
    char *key =
        workers && parts
            ? rog_format("train %s %lld %s %s %s %s %s %s %u %s %u %d %d %s", config->library,
                         (long long)config->threshold, parameters ? parameters : "",
                         config->compression, parts, config->workload, config->model,
                         config->layout ? config->layout : "", config->image_size,
                         config->wire_model, config->epochs, config->record_rows,
                         rog_workload_has_network(json), workers)
            : NULL;
    free(workers);
    free(parts);
    rog_json_free(chosen);
    free(parameters);
    return key;
}

static int check_run(struct looking *looking, struct rog_error *err)
{
    const struct rog_run_config *config = looking->config;
    bool has_network = rog_workload_has_network(config->json);
    char *train = train_key(config);
    char *model = rog_format("model %s %s %u", config->initial_model ? config->initial_model : "",
                             config->model, config->image_size);
    char *data = rog_format("data %s %s", config->data, config->noise);
    int code =
        train && model && data ? once(looking, train, look_at_train, err) : rog_fail_nomem(err);
    if (!code && has_network && config->initial_model)
        code = once(looking, model, look_at_model, err);
    if (!code && has_network)
        code = once(looking, data, look_at_data, err);
    else if (!code && rog_train_is_program(config) && strchr(config->data, ':'))
        code = once(looking, data, look_at_files, err);
    for (uint32_t i = 0; i < config->worker_count && !code; i++) {
        looking->worker = &config->workers[i];
        code = check_worker(looking, err);
    }
    free(data);
    free(model);
    free(train);
    return code;
}

/* ---- one configuration per line ---- */

static int check_line(struct rog_json *seen, const char *line, size_t size, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    int code = rog_run_config_parse(&config, line, size, "the configuration", err);
    struct looking looking = {.seen = seen, .config = config};
    if (!code)
        code = check_run(&looking, err);
    rog_run_config_free(config);
    return code;
}

static int say_fault(size_t line, const char *message, struct rog_error *err)
{
    struct rog_json *fault = rog_json_object();
    rog_json_put_integer(fault, "line", (int64_t)line);
    rog_json_put_string(fault, "error", message);
    char *shown = rog_json_text(fault);
    rog_json_free(fault);
    if (!shown)
        return rog_fail_nomem(err);
    printf("%s\n", shown);
    free(shown);
    return 0;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0, number = 0;
    struct rog_json *seen = rog_json_object();
    int code = seen ? rog_file_read(rog_cli_arg(cli, 0), CONFIGS_MAX_BYTES, &text, &size, err)
                    : rog_fail_nomem(err);
    for (char *line = text; !code && line && *line; number++) {
        size_t length = strcspn(line, "\n");
        struct rog_error cause = {0};
        code = check_line(seen, line, length, &cause);
        if (code == ROG_ENOMEM || rog_ran_out()) /* not caused by the configuration */
            code = rog_fail_nomem(err);
        else if (code)
            code = say_fault(number + 1, cause.message, err);
        line += length + (line[length] == '\n');
    }
    free(text);
    rog_json_free(seen);
    return code;
}

static const struct rog_setting options[] = {{.name = NULL}};

const struct rog_command rog_cmd_check = {
    .name = "check",
    .usage = "FILE",
    .summary = "Check which runs cannot start, and why, without starting any",
    .details = "FILE has one configuration per line, in the format of simulate. Plugins are "
               "loaded; traces, step\n"
               "times, starting models and data sets are read. For each faulty line, {\"line\", "
               "\"error\"} is printed.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
