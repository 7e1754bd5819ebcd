/* SPDX-License-Identifier: Apache-2.0 */
/* A run's files and hooks around the virtual cluster. */
#include <trainer/sim/simulate.h>

#include <stdlib.h>

#include <common/file.h>
#include <librog/events/events.h>
#include <trainer/run/train.h>
#include <trainer/sim/cluster.h>

struct simulation {
    struct rog_train train;
    const struct rog_simulate_options *options;
    struct rog_events *events;
    struct rog_cluster_result result;
};

/* ---- hooks of the cluster ---- */

static int take_gradients(void *user, uint32_t worker, uint32_t steps, const float *params,
                          const float **gradients, double *loss, struct rog_error *err)
{
    const struct simulation *simulation = user;
    return rog_learner_gradients(simulation->train.learner, worker, steps, params, gradients, loss,
                                 err);
}

static int take_checkpoint(void *user, uint32_t index, double t_s, uint32_t iteration,
                           struct rog_error *err)
{
    const struct simulation *simulation = user;
    struct rog_checkpoint checkpoint = {.index = index, .iteration = iteration, .t_s = t_s};
    int code = rog_train_save(&simulation->train, simulation->train.params,
                              simulation->options->out_dir, &checkpoint, err);
    return code ? code : rog_checkpoint_report(simulation->events, &checkpoint, err);
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
    const struct rog_train *train = &simulation->train;
    int code = rog_train_report_start(train, simulation->events, err);
    if (code)
        return code;
    const struct rog_cluster_config cluster = {
        .run = train->config,
        .iterations = train->iterations,
        .strategy = train->plugin.strategy,
        .threshold = train->threshold,
        .parameters = train->plugin.parameters,
        .optimizer = train->optimizer,
        .optimizer_parameters = train->optimizer_parameters,
        .rows = train->rows,
        .wire_scale = train->wire_scale,
        .params = train->params,
        .events = simulation->events,
        .layers = train->layers,
        .user = simulation,
        .gradients = take_gradients,
        .checkpoint = take_checkpoint,
        .interrupted = interrupted,
    };
    code = rog_cluster_run(&cluster, &simulation->result, err);
    if (code)
        return code;
    return rog_train_report_end(train, simulation->events, simulation->result.seconds,
                                simulation->result.iterations, err);
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
    struct simulation simulation = {.options = options};
    struct rog_error cause = {0}, last = {0};
    int code = open_events(&simulation, &cause);
    if (!code)
        code = rog_train_init(&simulation.train, config, options->start_model, &cause);
    if (!code && rog_train_is_program(config))
        code = rog_fail(&cause, ROG_EINVAL,
                        "workload \"program\" runs in real time only: a program computes when it "
                        "likes; use a cluster of kind local or ssh");
    if (!code)
        code = run(&simulation, &cause);
    if (code && simulation.events)
        rog_event_error(simulation.events, simulation.result.seconds, -1, cause.message);
    if (rog_events_close(simulation.events, &last) && !code) {
        code = last.code;
        cause = last;
    }
    rog_train_release(&simulation.train);
    if (code)
        rog_fail_again(err, &cause);
    return code;
}
