/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's loop: computes gradients or local steps, pushes and pulls by the library. */
#include <trainer/run/work.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/workload.h>
#include <librog/open.h>
#include <trainer/run/exchange.h>
#include <trainer/run/train.h>

struct job {
    const struct rog_run_config *config;
    const struct rog_work_run *options;
    struct rog_train train;
    struct rog *rog;
    const float **gradients; /* [tensor]: where its gradient begins; NULL without a learner */
};

static int open_run(struct job *job, struct rog_error *err)
{
    const struct rog_work_run *given = job->options;
    struct rog_options options;
    rog_options_init(&options);
    options.server = given->server;
    options.key = rog_secret_bytes(given->secret);
    options.rank = given->rank;
    options.out_dir = given->out_dir;
    options.server_timeout_s = given->server_timeout_s;
    options.workload = job->config->workload;
    options.data_id = job->train.learner ? rog_learner_data_sha256(job->train.learner) : "none";
    options.wire_scale = job->train.wire_scale > 1 ? job->train.wire_scale : 1;
    options.pace = given->pace;
    options.energy = given->energy;
    options.catch_signals = true;
    options.without_values = !job->train.learner;
    return rog_open_configured(&job->rog, &options, job->config, err);
}

static int register_tensors(struct job *job, const struct rog_arch_tensor *tensors, uint32_t count,
                            float *values, enum rog_tensor_kind kind, struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t i = 0; i < count && !code; i++)
        code = rog_tensor(job->rog, tensors[i].name, tensors[i].dims, tensors[i].shape,
                          values ? values + tensors[i].offset : NULL, kind, err);
    return code;
}

static int prepare(struct job *job, struct rog_error *err)
{
    struct rog_train *train = &job->train;
    int code = rog_train_init(train, job->config, job->options->start_model, err);
    if (!code && rog_workload_runs_program(job->config->json, job->options->rank))
        code = rog_fail(err, ROG_EINVAL, "worker %u runs a program: start that program instead",
                        job->options->rank);
    if (!code && (job->options->rank < 1 || job->options->rank > job->config->worker_count))
        code = rog_fail(err, ROG_EINVAL, "no worker has rank %u: ranks are 1 to %u",
                        job->options->rank, job->config->worker_count);
    if (!code)
        code = open_run(job, err);
    const struct rog_arch *arch = train->arch;
    if (!code)
        code = register_tensors(job, arch->tensors, arch->tensor_count, train->params,
                                ROG_TENSOR_TRAINED, err);
    if (!code)
        code = register_tensors(job, arch->buffer_tensors, arch->buffer_count, train->buffers,
                                ROG_TENSOR_CONSTANT, err);
    if (!code && train->learner) {
        job->gradients = malloc(arch->tensor_count * sizeof *job->gradients);
        if (!job->gradients)
            code = rog_fail_nomem(err);
    }
    return code;
}

static int iterate(struct job *job, uint32_t iteration, struct rog_error *err)
{
    const struct rog_run_config *config = job->config;
    struct rog_train *train = &job->train;
    uint32_t worker = job->options->rank - 1;
    bool delta = train->parts.contribution.kind == ROG_CONTRIBUTION_DELTA;
    const struct rog_rule rule = rog_exchange_rule(config, iteration);
    struct rog_step step = {.gradients = delta ? NULL : job->gradients,
                            .rules = &rule,
                            .rule_count = !delta,
                            .loss = NAN};
    const float *flat = NULL;
    int code = ROG_OK;
    if (train->learner && delta)
        code = rog_learner_steps(train->learner, worker, iteration, rog_local_steps(job->rog),
                                 train->params, &step.loss, err);
    else if (train->learner)
        code = rog_learner_gradients(train->learner, worker, rog_local_steps(job->rog),
                                     train->params, &flat, &step.loss, err);
    for (uint32_t i = 0; flat && i < train->arch->tensor_count; i++)
        job->gradients[i] = flat + train->arch->tensors[i].offset;
    return code ? code : rog_exchange(job->rog, &step, err);
}

static int run(struct job *job, struct rog_error *err)
{
    uint32_t last = job->train.iterations[job->options->rank - 1];
    int code = rog_start(job->rog, err);
    while (!code && !rog_over(job->rog)) {
        uint32_t next = rog_next_iteration(job->rog);
        code = next <= last ? iterate(job, next, err) : rog_finish(job->rog, err);
    }
    return code;
}

int rog_work_run(const struct rog_run_config *config, const struct rog_work_run *options,
                 struct rog_error *err)
{
    struct job job = {.config = config, .options = options};
    int code = prepare(&job, err);
    if (!code)
        code = run(&job, err);
    rog_close(job.rog);
    rog_train_release(&job.train);
    free(job.gradients);
    return code;
}
