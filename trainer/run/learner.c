/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients and local steps of workers that share one network. */
#include <trainer/run/learner.h>

#include <stdlib.h>

#include <common/memory.h>
#include <trainer/data/batch.h>
#include <trainer/data/dataset.h>
#include <trainer/data/sources.h>
#include <trainer/nn/net.h>
#include <trainer/run/local.h>

/* A network for one batch size, with memory for one batch. */
struct engine {
    uint32_t batch;
    struct rog_net *net;
    float *images, *targets;
};

struct rog_learner {
    const struct rog_run_config *config;
    const struct rog_parts *parts;
    const struct rog_arch *arch;
    float *buffers;
    struct rog_dataset *dataset;
    uint32_t worker_count;
    struct rog_sampler **samplers; /* [worker] */
    struct rog_local **locals;     /* [worker]: NULL before its first step */
    uint32_t *engine_of;           /* [worker] */
    struct engine *engines;
    uint32_t engine_count;
    float *gradients, *sum; /* of one batch, and the sum over batches; arch->params floats each */
};

void rog_learner_free(struct rog_learner *learner)
{
    if (!learner)
        return;
    for (uint32_t i = 0; learner->samplers && i < learner->worker_count; i++)
        rog_sampler_free(learner->samplers[i]);
    for (uint32_t i = 0; learner->locals && i < learner->worker_count; i++)
        rog_local_free(learner->locals[i]);
    for (uint32_t i = 0; i < learner->engine_count; i++) {
        rog_net_free(learner->engines[i].net);
        free(learner->engines[i].images);
        free(learner->engines[i].targets);
    }
    rog_dataset_free(learner->dataset);
    free(learner->samplers);
    free(learner->locals);
    free(learner->engine_of);
    free(learner->engines);
    free(learner->gradients);
    free(learner->sum);
    free(learner);
}

static int make_sampler(struct rog_learner *learner, const struct rog_run_config *config,
                        uint32_t worker, struct rog_error *err)
{
    uint32_t *indices = NULL, count = 0;
    const struct rog_batch_options options = {
        .batch = config->workers[worker].batch,
        .image_size = config->image_size,
        .label_smoothing = config->label_smoothing,
        .mixup = config->mixup,
    };
    int code =
        rog_dataset_shard(learner->dataset, config->worker_count, worker, &indices, &count, err);
    if (!code && count < options.batch)
        code = rog_fail(err, ROG_EINVAL,
                        "worker %u has a shard of %u images, less than one batch of %u: use fewer "
                        "workers or a smaller batch",
                        worker + 1, count, options.batch);
    if (!code)
        code = rog_sampler_new(&learner->samplers[worker], learner->dataset, indices, count,
                               &options, config->seed, "worker-batches", worker, err);
    free(indices);
    return code;
}

static int find_engine(struct rog_learner *learner, const struct rog_run_config *config,
                       uint32_t worker, struct rog_error *err)
{
    uint32_t batch = config->workers[worker].batch, at = 0;
    while (at < learner->engine_count && learner->engines[at].batch != batch)
        at++;
    learner->engine_of[worker] = at;
    if (at < learner->engine_count)
        return ROG_OK;

    struct engine *engine = &learner->engines[learner->engine_count++];
    size_t images = (size_t)batch * config->image_size * config->image_size * 3;
    engine->batch = batch;
    engine->images = malloc(images * sizeof *engine->images);
    engine->targets = malloc((size_t)batch * learner->arch->classes * sizeof *engine->targets);
    if (!engine->images || !engine->targets)
        return rog_fail_nomem(err);
    return rog_net_new(&engine->net, learner->arch, batch, ROG_NET_TRAIN_FROZEN, err);
}

static int prepare(struct rog_learner *learner, const struct rog_run_config *config,
                   struct rog_error *err)
{
    uint32_t workers = learner->worker_count;
    uint64_t params = learner->arch->params;
    learner->samplers = calloc(workers, sizeof *learner->samplers);
    learner->locals = calloc(workers, sizeof *learner->locals);
    learner->engine_of = calloc(workers, sizeof *learner->engine_of);
    learner->engines = calloc(workers, sizeof *learner->engines);
    learner->gradients = rog_floats(params);
    learner->sum = rog_floats(params);
    if (!learner->samplers || !learner->locals || !learner->engine_of || !learner->engines ||
        !learner->gradients || !learner->sum)
        return rog_fail_nomem(err);
    int code = rog_dataset_open(&learner->dataset, config->data, ROG_SPLIT_TRAIN, config->noise,
                                ROG_DATASET_SEED, err);
    for (uint32_t worker = 0; worker < workers && !code; worker++) {
        code = make_sampler(learner, config, worker, err);
        if (!code)
            code = find_engine(learner, config, worker, err);
    }
    return code;
}

int rog_learner_new(struct rog_learner **learner, const struct rog_run_config *config,
                    const struct rog_parts *parts, const struct rog_arch *arch, float *buffers,
                    struct rog_error *err)
{
    *learner = NULL;
    struct rog_learner *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    made->config = config;
    made->parts = parts;
    made->arch = arch;
    made->buffers = buffers;
    made->worker_count = config->worker_count;
    int code = prepare(made, config, err);
    if (code) {
        rog_learner_free(made);
        return code;
    }
    *learner = made;
    return ROG_OK;
}

static int need_local(struct rog_learner *learner, uint32_t worker, struct rog_error *err)
{
    const struct rog_parts *parts = learner->parts;
    if (learner->locals[worker])
        return ROG_OK;
    return rog_local_new(&learner->locals[worker], parts->local_optimizer,
                         parts->chosen[ROG_PART_LOCAL_OPTIMIZER].parameters, learner->arch->params,
                         err);
}

static void archive_local(struct rog_learner *learner, uint32_t worker, struct rog_archive *archive)
{
    bool made = learner->locals[worker] != NULL;
    rog_archive_flag(archive, &made);
    if (rog_archive_failed(archive) || !made)
        return;
    if (need_local(learner, worker, NULL))
        rog_archive_nomem(archive);
    else
        rog_local_archive(learner->locals[worker], archive);
}

void rog_learner_archive(struct rog_learner *learner, struct rog_archive *archive)
{
    bool deltas = learner->parts->contribution.kind == ROG_CONTRIBUTION_DELTA;
    for (uint32_t i = 0; i < learner->worker_count && !rog_archive_failed(archive); i++) {
        rog_sampler_archive(learner->samplers[i], archive);
        if (deltas)
            archive_local(learner, i, archive);
    }
}

uint32_t rog_learner_batches(const struct rog_learner *learner, uint32_t worker)
{
    return rog_sampler_batches(learner->samplers[worker]);
}

const char *rog_learner_data_sha256(const struct rog_learner *learner)
{
    return learner->dataset->sha256;
}

/* Computes the gradient of the worker's next batch at `params`, into learner->gradients. */
static int next_batch(struct rog_learner *learner, uint32_t worker, const float *params,
                      float *loss, struct rog_error *err)
{
    const struct engine *engine = &learner->engines[learner->engine_of[worker]];
    rog_sampler_next(learner->samplers[worker], engine->images, engine->targets);
    return rog_net_gradients(engine->net, params, learner->buffers, engine->images, engine->targets,
                             loss, learner->gradients, err);
}

int rog_learner_gradients(struct rog_learner *learner, uint32_t worker, uint32_t steps,
                          const float *params, const float **gradients, double *loss,
                          struct rog_error *err)
{
    uint64_t count = learner->arch->params;
    float share = 1.0f / (float)steps;
    *loss = 0;
    *gradients = steps > 1 ? learner->sum : learner->gradients;
    for (uint32_t step = 0; step < steps; step++) {
        float batch_loss = 0;
        int code = next_batch(learner, worker, params, &batch_loss, err);
        if (code)
            return code;
        *loss += (double)batch_loss / steps;
        if (steps == 1)
            break;
        for (uint64_t i = 0; i < count; i++)
            learner->sum[i] = (step ? learner->sum[i] : 0) + share * learner->gradients[i];
    }
    return ROG_OK;
}

int rog_learner_steps(struct rog_learner *learner, uint32_t worker, uint32_t iteration,
                      uint32_t steps, float *params, double *loss, struct rog_error *err)
{
    const struct rog_run_config *config = learner->config;
    const struct rog_local_rates rates = {
        .learning_rate = rog_run_config_learning_rate(config, iteration),
        .momentum = config->momentum,
        .weight_decay = config->weight_decay,
        .clip_norm = config->clip_norm,
    };
    int code = need_local(learner, worker, err);
    *loss = 0;
    for (uint32_t step = 0; step < steps && !code; step++) {
        float batch_loss = 0;
        code = next_batch(learner, worker, params, &batch_loss, err);
        *loss += (double)batch_loss / steps;
        if (!code)
            rog_local_step(learner->locals[worker], &rates, learner->gradients, params);
    }
    return code;
}
