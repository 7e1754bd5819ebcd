/* SPDX-License-Identifier: Apache-2.0 */

/* Hooks of the server, implemented with a run's configuration. */

#include <trainer/run/serve.h>

#include <stdio.h>
#include <stdlib.h>

#include <common/file.h>
#include <librog/net/serve.h>
#include <librog/trace/source.h>
#include <trainer/run/hello.h>
#include <trainer/run/schedule.h>
#include <trainer/run/train.h>

struct job {
    const struct rog_run_config *config;
    const struct rog_serve_run *given;
    struct rog_train train;
    struct rog_events *events;
    struct rog_schedule schedule;
    struct rog_json *hello;
    struct rog_layout *layout; /* of a network that programs train too; otherwise NULL */
    char owner[48];            /* names the layout's origin in messages */
    struct rog_serve_pace *paces;
    struct rog_trace **traces; /* [worker]; NULL: not paced */
};

static struct rog_model model_of(const struct rog_train *train)
{
    struct rog_model model = {.rows = train->rows,
                              .params = train->params,
                              .constants = train->buffers,
                              .wire_scale = train->wire_scale};
    model.constant_count = train->arch ? train->arch->buffers : 0;
    return model;
}

/* ---- hooks of the server ---- */

static int adopt(void *user, const struct rog_layout *layout, struct rog_model *model,
                 struct rog_error *err)
{
    struct job *job = user;
    int code = rog_train_adopt(&job->train, layout, true, err);
    *model = model_of(&job->train);
    return code;
}

static int begin(void *user, struct rog_error *err)
{
    struct job *job = user;
    return rog_train_report_start(&job->train, job->events, err);
}

static int end(void *user, const struct rog_serve_outcome *outcome, struct rog_error *err)
{
    struct job *job = user;
    struct rog_json *away = rog_json_array();
    for (uint32_t i = 0; i < outcome->away_count; i++) {
        struct rog_json *one = rog_json_object();
        rog_json_put_integer(one, "rank", outcome->away[i].rank);
        rog_json_put_number(one, "since_s", outcome->away[i].since_s);
        rog_json_put_bool(one, "came", outcome->away[i].came);
        rog_json_append(away, one);
    }
    return rog_train_report_end(&job->train, job->events, outcome->seconds, outcome->iterations,
                                away, err);
}

static double due_s(void *user, double after_s)
{
    struct job *job = user;
    while (job->schedule.next_s <= after_s)
        rog_schedule_advance(&job->schedule);
    return job->schedule.next_s;
}

static int write_checkpoint(void *user, const float *params, struct rog_checkpoint *checkpoint,
                            struct rog_error *err)
{
    struct job *job = user;
    return rog_train_save(&job->train, params, NULL, job->given->out_dir, checkpoint, err);
}

static int read_checkpoint(void *user, const char *path, struct rog_error *err)
{
    struct job *job = user;
    return rog_train_read(&job->train, path, err);
}

static const struct rog_serve_hooks hooks = {
    .adopt = adopt,
    .begin = begin,
    .end = end,
    .checkpoints = {.due_s = due_s, .write = write_checkpoint, .read = read_checkpoint},
};

/* ---- preparing the run ---- */

static int open_traces(struct job *job, struct rog_error *err)
{
    const struct rog_run_config *config = job->config;
    int code = ROG_OK;
    job->traces = calloc(config->worker_count, sizeof *job->traces);
    job->paces = calloc(config->worker_count, sizeof *job->paces);
    if (!job->traces || !job->paces)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < config->worker_count && !code; i++) {
        const struct rog_trace_source source = rog_trace_source_of(config, i);
        double start_s;
        code = rog_trace_open_run(&job->traces[i], &start_s, &source, err);
        job->paces[i] = (struct rog_serve_pace){job->traces[i], start_s};
    }
    return code;
}

static int prepare(struct job *job, struct rog_error *err)
{
    struct rog_train *train = &job->train;
    const struct rog_run_config *config = job->config;
    if (job->given->min_workers > config->worker_count)
        return rog_fail(err, ROG_EINVAL, "min-workers is %u, but the run has %u workers",
                        job->given->min_workers, config->worker_count);
    int code = rog_train_init(train, config, job->given->start_model, err);
    if (!code && train->rows && rog_train_is_program(config)) {
        snprintf(job->owner, sizeof job->owner, "the network %s", train->arch->name);
        code = rog_train_layout(train, &job->layout, err);
    }
    if (!code)
        code = rog_train_hello(train, &job->hello, err);
    if (!code && job->given->pace)
        code = open_traces(job, err);
    rog_schedule_init(&job->schedule, config->checkpoint_period, config->checkpoint_count,
                      config->checkpoint_growth);
    return code;
}

static int serve(struct job *job, struct rog_error *err)
{
    const struct rog_serve_run *given = job->given;
    const struct rog_serve_options options = {
        .strategy = job->train.plugin.strategy,
        .threshold = job->train.threshold,
        .parameters = job->train.plugin.parameters,
        .seed = job->config->seed,
        .optimizer = job->train.parts.server_optimizer,
        .optimizer_parameters = job->train.parts.chosen[ROG_PART_SERVER_OPTIMIZER].parameters,
        .average = job->config->checkpoint_average,
        .workers = job->config->worker_count,
        .hello = job->hello,
        .model = model_of(&job->train),
        .upload = rog_train_is_program(job->config),
        .layout = job->layout,
        .owner = job->owner,
        .paces = job->paces,
        .seconds = job->config->seconds,
        .listen = given->listen,
        .port_file = given->port_file,
        .out_dir = given->out_dir,
        .events = job->events,
        .secret = given->secret,
        .resume = given->resume,
        .worker_timeout_s = given->worker_timeout_s,
        .join_timeout_s = given->join_timeout_s,
        .state_period_s = given->state_period_s,
        .min_workers = given->min_workers,
        .awaited = given->awaited,
    };
    return rog_serve(&options, &hooks, job, err);
}

/* ---- running ---- */

static int open_events(struct job *job, struct rog_error *err)
{
    const struct rog_serve_run *given = job->given;
    int code = rog_dir_make(given->out_dir, err);
    char *path = code ? NULL : rog_path_join(given->out_dir, "events.jsonl");
    if (!code && !path)
        code = rog_fail_nomem(err);
    if (!code)
        code = (given->resume ? rog_events_resume : rog_events_open)(&job->events, path, err);
    free(path);
    return code;
}

static void release(struct job *job)
{
    for (uint32_t i = 0; job->traces && i < job->config->worker_count; i++)
        rog_trace_free(job->traces[i]);
    free(job->traces);
    free(job->paces);
    rog_layout_free(job->layout);
    rog_json_free(job->hello);
    rog_train_release(&job->train);
}

int rog_serve_run(const struct rog_run_config *config, const struct rog_serve_run *options,
                  struct rog_error *err)
{
    struct job job = {.config = config, .given = options};
    struct rog_error cause = {0}, last = {0};
    int code = open_events(&job, &cause);
    if (!code) {
        code = prepare(&job, &cause);
        if (code)
            rog_event_error(job.events, 0, -1, cause.message);
        else
            code = serve(&job, &cause);
    }
    if (rog_events_close(job.events, &last) && !code) {
        code = last.code;
        cause = last;
    }
    release(&job);
    return code ? rog_fail_again(err, &cause) : ROG_OK;
}
