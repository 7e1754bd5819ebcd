/* SPDX-License-Identifier: Apache-2.0 */
/* A run's configuration from JSON, checked and typed. */
#include <common/run_config.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <common/workload.h>

#define CONFIG_MAX_BYTES (16u << 20)
#define WORKERS_MAX 65536u

/* Where a setting's value goes: its row in the settings tables says what it may be. */
enum field_type {
    FIELD_U32,
    FIELD_U64,
    FIELD_I64,
    FIELD_REAL,
    FIELD_FLAG,
    FIELD_STRING,
    FIELD_LIST
};

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
};

#define RUN(kind, member) #member, FIELD_##kind, offsetof(struct rog_run_config, member)
#define WORKER(kind, member) #member, FIELD_##kind, offsetof(struct rog_run_worker, member)

/* lr_halve_at is a list and taken apart. */
static const struct field run_fields[] = {
    {RUN(STRING, library)},
    {RUN(I64, threshold)},
    {RUN(STRING, compression)},
    {RUN(STRING, control)},
    {RUN(STRING, trace)},
    {RUN(U32, batchsize)},
    {RUN(U32, epochs)},
    {RUN(REAL, seconds)},
    {RUN(STRING, note)},
    {RUN(U64, seed)},
    {RUN(STRING, workload)},
    {RUN(STRING, command)},
    {RUN(LIST, files)},
    {RUN(STRING, test)},
    {RUN(LIST, sources)},
    {RUN(LIST, ranks)},
    {RUN(STRING, model)},
    {RUN(STRING, wire_model)},
    {RUN(STRING, data)},
    {RUN(U32, image_size)},
    {RUN(STRING, noise)},
    {RUN(U32, test_images)},
    {RUN(U32, batch)},
    {RUN(REAL, learning_rate)},
    {RUN(REAL, momentum)},
    {RUN(REAL, weight_decay)},
    {RUN(REAL, label_smoothing)},
    {RUN(REAL, mixup)},
    {RUN(U32, pretrain_epochs)},
    {RUN(U32, pretrain_batch)},
    {RUN(REAL, pretrain_learning_rate)},
    {RUN(U64, pretrain_seed)},
    {RUN(STRING, initial_model)},
    {RUN(REAL, checkpoint_period)},
    {RUN(U32, checkpoint_count)},
    {RUN(REAL, checkpoint_growth)},
    {RUN(REAL, latency)},
    {RUN(FLAG, record_rows)},
    {NULL, FIELD_U32, 0},
};

static const struct field worker_fields[] = {
    {WORKER(STRING, host)},
    {WORKER(STRING, profile)},
    {WORKER(U32, batch)},
    {WORKER(U32, local_steps)},
    {WORKER(REAL, step_s)},
    {WORKER(REAL, compress_s)},
    {WORKER(REAL, rank_s)},
    {WORKER(REAL, pace_s)},
    {WORKER(REAL, pace_rows_s)},
    {WORKER(STRING, step_times)},
    {WORKER(REAL, unpack_rows_s)},
    {WORKER(REAL, server_unpack_s)},
    {WORKER(REAL, server_compress_s)},
    {WORKER(REAL, server_rank_s)},
    {WORKER(REAL, packet_headers)},
    {WORKER(REAL, send_buffer)},
    {WORKER(REAL, zero_mbps)},
    {WORKER(STRING, answers)},
    {WORKER(REAL, decompress_s)},
    {WORKER(REAL, watts_compute)},
    {WORKER(REAL, watts_communicate)},
    {WORKER(REAL, watts_stall)},
    {WORKER(STRING, trace)},
    {WORKER(REAL, trace_offset)},
    {NULL, FIELD_U32, 0},
};

/* What a simulated device cannot do without and no default stands for. */
static const char *const worker_required[] = {
    "step_s", "compress_s", "decompress_s", "watts_compute", "watts_communicate", "watts_stall",
};

static void store(const struct field *field, const struct rog_json *value, char *base)
{
    void *target = base + field->offset;
    switch (field->type) {
    case FIELD_U32:
        *(uint32_t *)target = (uint32_t)rog_json_integer(value, 0);
        break;
    case FIELD_U64:
        *(uint64_t *)target = (uint64_t)rog_json_integer(value, 0);
        break;
    case FIELD_I64:
        *(int64_t *)target = rog_json_integer(value, -1);
        break;
    case FIELD_REAL:
        *(double *)target = rog_json_number(value, 0);
        break;
    case FIELD_FLAG:
        *(bool *)target = rog_json_bool(value, false);
        break;
    case FIELD_STRING:
        *(const char **)target = rog_json_string(value, NULL);
        break;
    case FIELD_LIST:
        *(const struct rog_json **)target = value;
        break;
    }
}

static void store_all(const struct field *fields, const struct rog_json *object, char *base)
{
    for (const struct field *field = fields; field->name; field++)
        store(field, rog_json_get(object, field->name), base);
}

static int take_halvings(struct rog_run_config *config, struct rog_error *err)
{
    const struct rog_json *list = rog_json_get(config->json, "lr_halve_at");
    size_t count = rog_json_size(list);
    if (!count)
        return ROG_OK;
    config->lr_halve_at = calloc(count, sizeof *config->lr_halve_at);
    if (!config->lr_halve_at)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < count; i++)
        config->lr_halve_at[i] = rog_json_number(rog_json_at(list, i), 0);
    config->lr_halve_count = (uint32_t)count;
    return ROG_OK;
}

/* The settings of one worker, checked, with defaults; the caller frees *settings. */
static int worker_settings(const struct rog_json *given, struct rog_json **settings,
                           struct rog_error *err)
{
    *settings = NULL;
    if (!rog_json_is_object(given))
        return rog_fail(err, ROG_EINVAL, "must be an object with \"rank\" and worker settings");
    if (!rog_json_is_integer(rog_json_get(given, "rank")))
        return rog_fail(err, ROG_EINVAL, "rank must be a whole number from 1 on");
    int code = rog_settings_check(rog_worker_settings, given, "rank", err);
    if (code)
        return code;
    for (size_t i = 0; i < sizeof worker_required / sizeof *worker_required; i++)
        if (!rog_json_get(given, worker_required[i]))
            return rog_fail(err, ROG_EINVAL, "%s is not given; take it from the device's profile",
                            worker_required[i]);
    *settings = rog_json_copy(given);
    if (!*settings)
        return rog_fail_nomem(err);
    return rog_settings_fill(rog_worker_settings, *settings, err);
}

static int take_worker(struct rog_run_config *config, const struct rog_json *given,
                       struct rog_json *resolved, struct rog_error *err)
{
    struct rog_json *settings = NULL;
    int code = worker_settings(given, &settings, err);
    if (code)
        goto out;

    int64_t rank = rog_json_get_integer(settings, "rank", 0);
    if (rank < 1 || rank > (int64_t)config->worker_count) {
        code = rog_fail(err, ROG_EINVAL, "rank must be 1 to %u, the number of workers (found %lld)",
                        config->worker_count, (long long)rank);
        goto out;
    }
    struct rog_run_worker *worker = &config->workers[rank - 1];
    if (worker->rank) {
        code = rog_fail(err, ROG_EINVAL, "rank %lld is given twice", (long long)rank);
        goto out;
    }
    if (!rog_json_get(settings, "batch"))
        rog_json_put_integer(settings, "batch", config->batch);
    if (!rog_json_get(settings, "unpack_rows_s"))
        rog_json_put_number(settings, "unpack_rows_s",
                            rog_json_get_number(settings, "decompress_s", 0));
    if (!rog_json_get(settings, "trace"))
        rog_json_put_string(settings, "trace", config->trace);
    store_all(worker_fields, settings, (char *)worker);
    worker->rank = (uint32_t)rank;
    worker->local_steps *= config->batchsize;
    rog_json_append(resolved, settings); /* keeps the strings alive */
    settings = NULL;
out:
    rog_json_free(settings);
    return code;
}

static int take_workers(struct rog_run_config *config, const struct rog_json *given,
                        struct rog_error *err)
{
    if (!given)
        return ROG_OK;
    size_t count = rog_json_size(given);
    if (!rog_json_is_array(given) || count > WORKERS_MAX)
        return rog_fail(err, ROG_EINVAL, "workers must be a list of at most %u objects",
                        WORKERS_MAX);
    if (!count)
        return ROG_OK;
    struct rog_json *resolved = rog_json_array();
    config->workers = calloc(count, sizeof *config->workers);
    if (!config->workers || !resolved) {
        rog_json_free(resolved);
        return rog_fail_nomem(err);
    }
    config->worker_count = (uint32_t)count;
    int code = ROG_OK;
    for (size_t i = 0; i < count && !code; i++) {
        code = take_worker(config, rog_json_at(given, i), resolved, err);
        if (code)
            rog_fail_prefix(err, "workers[%zu]", i);
    }
    if (!code && rog_json_size(resolved) != count)
        code = rog_fail_nomem(err);
    rog_json_put(config->json, "workers", resolved);
    return code;
}

static int take_all(struct rog_run_config *config, const struct rog_json *given,
                    struct rog_error *err)
{
    if (!rog_json_is_object(given))
        return rog_fail(err, ROG_EINVAL, "must be one JSON object of run settings");
    int code = rog_settings_check(rog_run_settings, given, "workers", err);
    if (code)
        return code;
    config->json = rog_json_copy(given);
    if (!config->json)
        return rog_fail_nomem(err);
    code = rog_settings_fill(rog_run_settings, config->json, err);
    if (code)
        return code;
    if (!rog_json_get(config->json, "trace")) {
        char *trace = rog_format("synth:%s", rog_json_get_string(config->json, "control", ""));
        if (!trace)
            return rog_fail_nomem(err);
        rog_json_put_string(config->json, "trace", trace);
        free(trace);
    }
    store_all(run_fields, config->json, (char *)config);
    code = take_halvings(config, err);
    if (code)
        return code;
    code = take_workers(config, rog_json_get(given, "workers"), err);
    if (!code && config->worker_count)
        code = rog_workload_check_ranks(config->json, config->worker_count, err);
    return code;
}

int rog_run_config_parse(struct rog_run_config **config, const char *text, size_t size,
                         const char *origin, struct rog_error *err)
{
    *config = NULL;
    struct rog_json *given = NULL;
    int code = rog_json_parse(text, size, origin, &given, err);
    if (code)
        return code;
    struct rog_run_config *made = calloc(1, sizeof *made);
    code = made ? take_all(made, given, err) : rog_fail_nomem(err);
    if (code) {
        rog_fail_prefix(err, "%s", origin);
        rog_run_config_free(made);
        made = NULL;
    }
    rog_json_free(given);
    *config = made;
    return code;
}

int rog_run_config_read(struct rog_run_config **config, const char *path, struct rog_error *err)
{
    *config = NULL;
    char *text = NULL;
    size_t size = 0;
    int code = rog_file_read(path, CONFIG_MAX_BYTES, &text, &size, err);
    if (code)
        return code;
    code = rog_run_config_parse(config, text, size, path, err);
    free(text);
    return code;
}

void rog_run_config_free(struct rog_run_config *config)
{
    if (!config)
        return;
    free(config->lr_halve_at);
    free(config->workers);
    rog_json_free(config->json);
    free(config);
}

double rog_run_config_learning_rate(const struct rog_run_config *config, uint32_t iteration)
{
    double rate = config->learning_rate;
    for (uint32_t i = 0; i < config->lr_halve_count; i++)
        rate = iteration >= config->lr_halve_at[i] ? rate / 2 : rate;
    return rate;
}
