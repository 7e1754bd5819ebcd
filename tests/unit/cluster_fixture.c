/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of a virtual cluster with a small model, and their events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/json.h>
#include <common/parameters.h>
#include <common/plugin.h>
#include <librog/parts/contribution.h>
#include <librog/optimizers/optimizers.h>
#include <trainer/run/exchange.h>

#include "cluster_fixture.h"

const char trial_jetson[] = "\"step_s\":1.11,\"compress_s\":0.39,\"decompress_s\":0.61,"
                            "\"watts_compute\":12.7,\"watts_communicate\":4.2,"
                            "\"watts_stall\":3.85";

/* Computes the gradient and loss of a bowl whose minimum is different for each worker. */
double trial_bowl(uint32_t worker, uint32_t steps, const float *params, uint64_t count,
                  float *gradient)
{
    double loss = 0;
    for (uint64_t i = 0; i < count; i++) {
        float away = params[i] - (float)((i * 7 + worker * 13) % 11) / 11;
        gradient[i] = away * (float)steps;
        loss += (double)(away * away) / 2;
    }
    return loss;
}

double trial_steps_down(uint32_t worker, uint32_t steps, float *params, uint64_t count,
                        float *gradient)
{
    double loss = 0;
    for (uint32_t step = 0; step < steps; step++) {
        loss = trial_bowl(worker, 1, params, count, gradient);
        for (uint64_t i = 0; i < count; i++)
            params[i] -= 0.01f * gradient[i];
    }
    return loss;
}

/* Returns gradients of the bowl, or makes steps down. */
static int descend(void *user, const struct rog_cluster_turn *turn, struct rog_cluster_work *work,
                   struct rog_error *err)
{
    struct trial *trial = user;
    const struct rog_rows *rows = trial->rows;
    if (trial->stop_after && ++trial->evaluated > trial->stop_after)
        return rog_fail(err, ROG_EFAILED, "the bowl is broken");
    if (!work->gradients) {
        work->loss = trial_steps_down(turn->worker, turn->steps, turn->params, rows->params,
                                      trial->gradient);
        return ROG_OK;
    }
    work->loss = trial_bowl(turn->worker, turn->steps, turn->params, rows->params, trial->gradient);
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        work->gradients[i] = trial->gradient + rows->tensors[i].offset;
    trial->rule = rog_exchange_rule(trial->config, turn->iteration);
    work->rules = &trial->rule;
    return ROG_OK;
}

static int count_checkpoint(void *user, const float *change, uint32_t index, double t_s,
                            uint32_t iteration, struct rog_error *err)
{
    struct trial *trial = user;
    float *saved = malloc(trial->params * sizeof *saved);
    (void)t_s, (void)iteration, (void)err;
    assert_non_null(saved);
    for (uint64_t i = 0; i < trial->params; i++)
        saved[i] = trial->start[i] + change[i];
    rog_sha256(saved, trial->params * sizeof *saved, trial->saved);
    free(saved);
    if (!trial->made_up)
        assert_int_equal(index,
                         trial->checkpoints + (trial->resume ? trial->resume->checkpoints : 0));
    trial->checkpoints++;
    return ROG_OK;
}

static int keep(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct trial *trial = user;
    (void)err;
    trial->state = realloc(trial->state, trial->state_size + size);
    assert_non_null(trial->state);
    memcpy(trial->state + trial->state_size, bytes, size);
    trial->state_size += size;
    return ROG_OK;
}

/* Saves the state, then ends the run. */
static int save_state(void *user, struct rog_sim_cluster *cluster, double now_s,
                      struct rog_error *err)
{
    struct trial *trial = user;
    (void)now_s;
    if (++trial->looks != trial->snapshot_at)
        return trial->looks_max && trial->looks > trial->looks_max
                   ? rog_fail(err, ROG_EINTR, "looked at often enough")
                   : ROG_OK;
    assert_int_equal(rog_events_sync(trial->stream, &trial->state_events, NULL), 0);
    struct rog_archive archive;
    rog_archive_save(&archive, keep, trial);
    if (trial->computing)
        trial->computing->archive(trial, &archive);
    rog_cluster_archive(cluster, &archive);
    assert_int_equal(rog_archive_end(&archive, NULL), 0);
    return rog_fail(err, ROG_EINTR, "killed");
}

static struct rog_rows *small_model(void)
{
    static const uint32_t dims[] = {4, 1, 2, 1, 2};
    static const uint32_t shapes[] = {64, 4, 3, 3, 64, 128, 64, 128, 20, 128};
    struct rog_rows *rows = NULL;
    assert_int_equal(rog_rows_new(&rows, dims, shapes, 5, NULL), 0);
    return rows;
}

static struct rog_run_config *make_config(const struct trial *trial)
{
    char *text = rog_format("{%s%s\"workers\":[", trial->settings ? trial->settings : "",
                            trial->settings ? "," : "");
    for (uint32_t i = 0; i < trial->workers; i++) {
        char *more = rog_format("%s%s{\"rank\":%u,%s}", text, i ? "," : "", i + 1,
                                trial->worker ? trial->worker : trial_jetson);
        free(text);
        text = more;
    }
    char *whole = rog_format("%s]}", text);
    struct rog_run_config *config = NULL;
    struct rog_error err = {0};
    if (rog_run_config_parse(&config, whole, strlen(whole), "test", &err))
        fail_msg("%s", err.message);
    free(whole);
    free(text);
    return config;
}

/* Returns the initial model, with different values. */
static float *first_model(const struct rog_rows *rows)
{
    float *params = malloc(rows->params * sizeof *params);
    for (uint64_t i = 0; i < rows->params; i++)
        params[i] = (float)(i % 17) / 17 - 0.5f;
    return params;
}

/* Returns the optimizer of the settings, with its parameters. */
static const struct rog_server_optimizer *find_optimizer(const struct rog_run_config *config,
                                                         void **parameters)
{
    size_t i = 0;
    while (strcmp(rog_server_optimizers[i]->name, config->server_optimizer) != 0)
        assert_non_null(rog_server_optimizers[++i]);
    const struct rog_server_optimizer *optimizer = rog_server_optimizers[i];
    assert_int_equal(rog_parameters_make(optimizer->parameters, optimizer->parameter_bytes,
                                         optimizer->name, config->server_optimizer_parameters, NULL,
                                         parameters, NULL),
                     0);
    return optimizer;
}

/* Sets a codec with its default parameters, which are owned by the caller. */
static void set_codec(struct rog_rows *rows, const char *name, void **parameters)
{
    const struct rog_codec *codec = rog_codecs[0];
    if (name)
        assert_int_equal(rog_codec_find(name, &codec, NULL), 0);
    assert_int_equal(rog_parameters_make(codec->parameters, codec->parameter_bytes, codec->name,
                                         NULL, NULL, parameters, NULL),
                     0);
    const struct rog_rows_codecs codecs = {.push = codec, .push_parameters = *parameters};
    assert_int_equal(rog_rows_set_codecs(rows, &codecs, NULL), 0);
}

static void load_plugin(struct rog_plugin *plugin, const struct trial *trial)
{
    struct rog_json *given = NULL;
    struct rog_error err;
    const char *text = trial->parameters;
    if ((text && rog_json_parse(text, strlen(text), "parameters", &given, &err)) ||
        rog_plugin_load(plugin, trial->library, &err) || rog_plugin_configure(plugin, given, &err))
        fail_msg("%s", err.message);
    rog_json_free(given);
}

static int run_config(struct trial *trial, const struct rog_run_config *config)
{
    struct rog_rows *rows = small_model();
    void *codec_parameters = NULL;
    set_codec(rows, trial->compression, &codec_parameters);
    struct rog_plugin plugin = {0};
    if (!trial->strategy) {
        load_plugin(&plugin, trial);
    }
    uint32_t *iterations = malloc(trial->workers * sizeof *iterations);
    for (uint32_t i = 0; i < trial->workers; i++)
        iterations[i] = trial->own_iterations[i] ? trial->own_iterations[i] : trial->iterations;
    strcpy(trial->folder, "/tmp/rog-cluster-XXXXXX");
    assert_non_null(mkdtemp(trial->folder));
    char *path = rog_path_join(trial->folder, "events.jsonl");
    struct rog_events *events = NULL;
    assert_int_equal(rog_events_open(&events, path, &trial->err), 0);
    trial->params = rows->params;
    trial->rows = rows;
    trial->config = config;
    trial->gradient = malloc(rows->params * sizeof *trial->gradient);
    float *params = trial->start = trial->train ? first_model(rows) : NULL;

    void *parameters = NULL;
    const struct rog_server_optimizer *optimizer = find_optimizer(config, &parameters);

    trial->stream = events;
    struct rog_archive archive;
    struct rog_contribution_config contribution;
    rog_contribution_read(&contribution, config->json);
    if (trial->resume)
        rog_archive_load(&archive, trial->resume->state, trial->resume->state_size);
    const struct trial_computing fixture = {.work = params ? descend : NULL};
    const struct trial_computing *computing = trial->computing ? trial->computing : &fixture;
    if (computing->prepare)
        computing->prepare(trial);
    if (computing->archive && trial->resume)
        computing->archive(trial, &archive);
    const struct rog_cluster_config cluster = {
        .run = config,
        .iterations = iterations,
        .strategy = trial->strategy ? trial->strategy : plugin.strategy,
        .threshold = trial->threshold,
        .parameters = plugin.parameters,
        .optimizer = optimizer,
        .optimizer_parameters = parameters,
        .rows = rows,
        .wire_scale = trial->wire_scale > 0 ? trial->wire_scale : 1,
        .params = params,
        .events = events,
        .user = trial,
        .contribution = &contribution,
        .values = computing->values,
        .begin = computing->begin,
        .ended = computing->ended,
        .work = computing->work,
        .meanwhile = computing->meanwhile,
        .over = computing->over,
        .checkpoint = count_checkpoint,
        .snapshot = save_state,
        .resume = trial->resume ? &archive : NULL,
    };
    int code = rog_cluster_run(&cluster, &trial->result, &trial->err);
    assert_int_equal(rog_events_close(events, NULL), 0);
    assert_int_equal(
        rog_file_read(path, (size_t)1 << 31, &trial->events, &trial->events_size, NULL), 0);
    if (params)
        rog_sha256(params, rows->params * sizeof *params, trial->model);
    free(path);
    free(params);
    free(trial->gradient);
    free(parameters);
    free(iterations);
    rog_plugin_release(&plugin);
    rog_rows_free(rows);
    free(codec_parameters);
    rog_dir_remove(trial->folder, NULL);
    return code;
}

int trial_run(struct trial *trial)
{
    struct rog_run_config *config = make_config(trial);
    int code = run_config(trial, config);
    rog_run_config_free(config);
    return code;
}

void trial_succeed(struct trial *trial)
{
    if (trial_run(trial))
        fail_msg("%s", trial->err.message);
    assert_true(trial->result.sent_bytes > 0);
    assert_int_equal(trial->result.sent_bytes, trial->result.received_bytes +
                                                   trial->result.in_flight_bytes +
                                                   trial->result.cut_bytes);
}

void assert_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%.12g, expected %.12g", found, expected);
}

void trial_each_event(const struct trial *trial, const char *kind,
                      void (*take)(const struct rog_json *event, void *user), void *user)
{
    const char *line = trial->events, *stop = trial->events + trial->events_size;
    while (line < stop) {
        const char *end = memchr(line, '\n', (size_t)(stop - line));
        assert_non_null(end);
        struct rog_json *event = NULL;
        assert_int_equal(rog_json_parse(line, (size_t)(end - line), "events", &event, NULL), 0);
        if (strcmp(rog_json_get_string(event, "event", ""), kind) == 0)
            take(event, user);
        rog_json_free(event);
        line = end + 1;
    }
}

static void add_iteration(const struct rog_json *event, void *user)
{
    struct trial_summary *of =
        &((struct trial_summary *)user)[rog_json_get_integer(event, "rank", 0) - 1];
    of->iterations++;
    assert_int_equal(rog_json_get_integer(event, "iteration", 0), of->iterations);
    of->compute_s += rog_json_get_number(event, "compute_s", NAN);
    of->push_s += rog_json_get_number(event, "push_s", NAN);
    of->pull_s += rog_json_get_number(event, "pull_s", NAN);
    of->stall_s += rog_json_get_number(event, "stall_s", NAN);
    of->bytes_pushed += rog_json_get_integer(event, "bytes_pushed", -1);
    of->bytes_pulled += rog_json_get_integer(event, "bytes_pulled", -1);
    of->last_t = rog_json_get_number(event, "t", NAN);
}

static void add_energy(const struct rog_json *event, void *user)
{
    struct trial_summary *of =
        &((struct trial_summary *)user)[rog_json_get_integer(event, "rank", 0) - 1];
    double joules = rog_json_get_number(event, "joules", NAN);
    assert_true(joules >= of->joules);
    assert_string_equal(rog_json_get_string(event, "source", ""), "model");
    of->joules = joules;
}

struct trial_summary *trial_summarize(const struct trial *trial)
{
    struct trial_summary *summaries = calloc(trial->workers, sizeof *summaries);
    trial_each_event(trial, "iteration", add_iteration, summaries);
    trial_each_event(trial, "energy", add_energy, summaries);
    for (uint32_t i = 0; i < trial->workers; i++) {
        const struct trial_summary *of = &summaries[i];
        assert_near(of->compute_s + of->push_s + of->pull_s + of->stall_s, of->last_t,
                    4e-6 * of->iterations);
    }
    return summaries;
}

double trial_pace(const struct trial *trial, double *stall_s)
{
    struct trial_summary *summaries = trial_summarize(trial);
    double seconds = 0, stall = 0;
    for (uint32_t i = 0; i < trial->workers; i++) {
        seconds += summaries[i].last_t / summaries[i].iterations / trial->workers;
        stall += summaries[i].stall_s / summaries[i].iterations / trial->workers;
    }
    free(summaries);
    if (stall_s)
        *stall_s = stall;
    return seconds;
}
