/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a run's configuration from JSON, checked and typed. */
#include <common/run_config.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/ran_out.h>
#include <common/settings.h>
#include <common/trace_name.h>
#include <common/workload.h>

#define CONFIG_MAX_BYTES (16u << 20)
#define WORKERS_MAX 65536u

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

/* Returns the settings of one worker, checked, with defaults; the caller frees *settings. */
static int worker_settings(const struct rog_json *given, struct rog_json **settings,
                           struct rog_error *err)
{
    *settings = NULL;
    if (!rog_json_is_object(given))
        return rog_fail(err, ROG_EINVAL, "must be an object with \"rank\" and worker settings");
    if (!rog_json_is_integer(rog_json_get(given, "rank")))
        return rog_fail(err, ROG_EINVAL, "rank must be a whole number of at least 1");
    int code = rog_settings_check(rog_worker_settings, given, "rank", err);
    if (code)
        return code;
    for (const struct rog_setting *row = rog_worker_settings; row->name; row++)
        if (rog_setting_is(row, ROG_SETTING_REQUIRED, 0) && !rog_json_get(given, row->name))
            return rog_fail(err, ROG_EINVAL, "%s is missing; take it from the device's profile",
                            row->name);
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
    code = rog_settings_derive(rog_worker_settings, settings, config->json, err);
    if (code)
        goto out;
    rog_settings_store(rog_worker_settings, settings, worker);
    worker->rank = (uint32_t)rank;
    worker->local_steps *= config->batchsize;
    worker->watts_known = rog_json_get(settings, "watts_compute") &&
                          rog_json_get(settings, "watts_communicate") &&
                          rog_json_get(settings, "watts_stall");
    worker->step_measured = rog_workload_measures(settings);
    worker->speed = worker->speed > 0 ? worker->speed : 1;
    rog_json_append(resolved, settings); /* keeps the strings alive */
    settings = NULL;
out:
    rog_json_free(settings);
    return code;
}

static int take_workers(struct rog_run_config *config, struct rog_error *err)
{
    const struct rog_json *given = rog_json_get(config->json, "workers");
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

/* Takes over `json`, checks it and fills in defaults. */
static int take_all(struct rog_run_config *config, struct rog_json *json, struct rog_error *err)
{
    config->json = json;
    if (!rog_json_is_object(json))
        return rog_fail(err, ROG_EINVAL, "must be one JSON object of run settings");
    int code = rog_settings_check(rog_run_settings, json, "workers", err);
    rog_trace_fill_unlimited(json);
    if (!code)
        code = rog_settings_fill(rog_run_settings, json, err);
    if (!code)
        code = rog_settings_derive(rog_run_settings, json, NULL, err);
    if (code)
        return code;
    rog_settings_store(rog_run_settings, json, config);
    code = take_halvings(config, err);
    if (!code)
        code = rog_trace_start_fill(config->json, err);
    if (!code)
        code = take_workers(config, err);
    if (!code && config->worker_count)
        code = rog_workload_check_ranks(json, config->worker_count, err);
    if (!code)
        code = rog_workload_check_steps(json, rog_json_get(json, "workers"), err);
    return code ? code : rog_ran_out_check(err);
}

int rog_run_config_new(struct rog_run_config **config, struct rog_json *json, const char *origin,
                       struct rog_error *err)
{
    struct rog_run_config *made = json ? calloc(1, sizeof *made) : NULL;
    int code = made ? take_all(made, json, err) : rog_fail_nomem(err);
    if (!made)
        rog_json_free(json);
    if (code) {
        rog_fail_prefix(err, "%s", origin);
        rog_run_config_free(made);
        made = NULL;
    }
    *config = made;
    return code;
}

int rog_run_config_parse(struct rog_run_config **config, const char *text, size_t size,
                         const char *origin, struct rog_error *err)
{
    *config = NULL;
    struct rog_json *json = NULL;
    int code = rog_json_parse(text, size, origin, &json, err);
    return code ? code : rog_run_config_new(config, json, origin, err);
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
