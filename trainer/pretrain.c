/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/pretrain.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>
#include <common/hash.h>
#include <trainer/data/batch.h>
#include <trainer/data/cache.h>
#include <trainer/data/dataset.h>
#include <trainer/nn/net.h>
#include <trainer/nn/safetensors.h>

/* SGD with Nesterov momentum on one rise and fall of the learning rate (Smith & Topin 2017, with a
 * half cosine for the fall). Only matrices and kernels decay. */
#define MOMENTUM 0.9
#define WEIGHT_DECAY 5e-4
#define LABEL_SMOOTHING 0.1
#define WARM_UP 0.2 /* share of the steps on which the rate rises */
#define REPORT_PERIOD_S 1.0
#define SIDECAR_MAX_BYTES 1024

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- training ---- */

struct training {
    const struct rog_run_config *config;
    const struct rog_arch *arch;
    rog_pretrain_watch watch;
    void *user;
    struct rog_dataset *dataset;
    struct rog_sampler *sampler;
    struct rog_net *net;
    float *params, *buffers, *velocity, *grads;
    float *images, *targets;
    double begin_s, reported_s, loss_sum;
    uint32_t loss_count;
};

static void training_release(struct training *training)
{
    rog_net_free(training->net);
    rog_sampler_free(training->sampler);
    rog_dataset_free(training->dataset);
    free(training->params);
    free(training->buffers);
    free(training->velocity);
    free(training->grads);
    free(training->images);
    free(training->targets);
}

static int training_sampler(struct training *training, struct rog_error *err)
{
    const struct rog_run_config *config = training->config;
    uint32_t *everything = NULL, count = 0;
    int code = rog_dataset_shard(training->dataset, 1, 0, &everything, &count, err);
    if (code)
        return code;
    const struct rog_batch_options options = {
        .batch = config->pretrain_batch,
        .image_size = config->image_size,
        .label_smoothing = LABEL_SMOOTHING,
        .augment = true,
    };
    code = rog_sampler_new(&training->sampler, training->dataset, everything, count, &options,
                           config->pretrain_seed, "pretrain", 0, err);
    free(everything);
    return code;
}

/* What is only needed when there is something to train. */
static int training_prepare(struct training *training, struct rog_error *err)
{
    const struct rog_run_config *config = training->config;
    int code = rog_dataset_open(&training->dataset, config->data, ROG_SPLIT_TRAIN, "none",
                                ROG_DATASET_SEED, err);
    if (!code)
        code = training_sampler(training, err);
    if (!code)
        code =
            rog_net_new(&training->net, training->arch, config->pretrain_batch, ROG_NET_TRAIN, err);
    if (code)
        return code;
    size_t pixels = (size_t)config->image_size * config->image_size;
    training->velocity = calloc(training->arch->params, sizeof(float));
    training->grads = calloc(training->arch->params, sizeof(float));
    training->images = calloc(config->pretrain_batch * pixels * 3, sizeof(float));
    training->targets =
        calloc((size_t)config->pretrain_batch * training->arch->classes, sizeof(float));
    if (!training->velocity || !training->grads || !training->images || !training->targets)
        return rog_fail_nomem(err);
    return ROG_OK;
}

static double learning_rate(double peak, double done)
{
    if (done < WARM_UP)
        return peak * done / WARM_UP;
    return peak * 0.5 * (1 + cos(3.14159265358979 * (done - WARM_UP) / (1 - WARM_UP)));
}

static void update(struct training *training, float rate)
{
    const struct rog_arch *arch = training->arch;
    const float mu = (float)MOMENTUM;
    for (uint32_t t = 0; t < arch->tensor_count; t++) {
        const struct rog_arch_tensor *tensor = &arch->tensors[t];
        float decay = tensor->dims > 1 ? (float)WEIGHT_DECAY : 0.0f;
        float *w = training->params + tensor->offset, *v = training->velocity + tensor->offset;
        const float *g = training->grads + tensor->offset;
        for (uint64_t i = 0; i < tensor->size; i++) {
            float gradient = g[i] + decay * w[i];
            v[i] = mu * v[i] + gradient;
            w[i] -= rate * (gradient + mu * v[i]);
        }
    }
}

static int report(struct training *training, uint64_t step, uint64_t steps, struct rog_error *err)
{
    double now_s = wall_s();
    if (!training->watch || (now_s - training->reported_s < REPORT_PERIOD_S && step < steps))
        return ROG_OK;
    uint32_t epochs = training->config->pretrain_epochs;
    const struct rog_pretrain_progress progress = {
        .done = (double)step / (double)steps,
        .epoch = (uint32_t)((step - 1) * epochs / steps) + 1,
        .epochs = epochs,
        .loss = training->loss_count ? training->loss_sum / training->loss_count : 0,
        .wall_s = now_s - training->begin_s,
    };
    training->reported_s = now_s;
    training->loss_sum = 0;
    training->loss_count = 0;
    if (training->watch(training->user, &progress))
        return rog_fail(err, ROG_EINTR, "pre-training was interrupted");
    return ROG_OK;
}

static int train_steps(struct training *training, struct rog_error *err)
{
    const struct rog_run_config *config = training->config;
    uint64_t steps = (uint64_t)config->pretrain_epochs * rog_sampler_batches(training->sampler);
    for (uint64_t step = 0; step < steps; step++) {
        float loss = 0;
        rog_sampler_next(training->sampler, training->images, training->targets);
        int code =
            rog_net_gradients(training->net, training->params, training->buffers, training->images,
                              training->targets, &loss, training->grads, err);
        if (code)
            return code;
        if (!isfinite(loss))
            return rog_fail(err, ROG_EFAILED,
                            "pre-training diverged at step %llu of %llu: the loss is not finite; "
                            "pretrain_learning_rate %g is too large",
                            (unsigned long long)step, (unsigned long long)steps,
                            config->pretrain_learning_rate);
        training->loss_sum += loss;
        training->loss_count++;
        update(training, (float)learning_rate(config->pretrain_learning_rate,
                                              ((double)step + 1) / ((double)steps + 1)));
        code = report(training, step + 1, steps, err);
        if (code)
            return code;
    }
    return ROG_OK;
}

static int train(struct training *training, struct rog_error *err)
{
    const struct rog_arch *arch = training->arch;
    training->params = calloc(arch->params, sizeof(float));
    training->buffers = calloc(arch->buffers ? arch->buffers : 1, sizeof(float));
    if (!training->params || !training->buffers)
        return rog_fail_nomem(err);
    rog_arch_initialize(arch, training->config->pretrain_seed, training->params, training->buffers);
    if (!training->config->pretrain_epochs)
        return ROG_OK;
    int code = training_prepare(training, err);
    return code ? code : train_steps(training, err);
}

/* ---- the cache ---- */

/* Everything the model depends on, as text. */
static char *recipe(const struct rog_run_config *config, struct rog_error *err)
{
    char data[1024];
    int code = rog_dataset_describe(config->data, ROG_SPLIT_TRAIN, "none", ROG_DATASET_SEED, data,
                                    sizeof data, err);
    if (code)
        return NULL;
    char *text = rog_format(
        "pretrain %d; %s %u; %s; epochs %u batch %u rate %.12g seed %llu", ROG_PRETRAIN_VERSION,
        config->model, config->image_size, data, config->pretrain_epochs, config->pretrain_batch,
        config->pretrain_learning_rate, (unsigned long long)config->pretrain_seed);
    if (!text)
        rog_fail_nomem(err);
    return text;
}

/* Is the file there and what was written? Its hash stands in PATH.sha256. */
static bool is_sound(const char *path, char sha256[65])
{
    bool sound = false;
    char *sidecar = rog_format("%s.sha256", path), *recorded = NULL;
    size_t size = 0;
    if (sidecar && rog_file_exists(path) &&
        !rog_file_read(sidecar, SIDECAR_MAX_BYTES, &recorded, &size, NULL) &&
        !rog_sha256_file(path, sha256, NULL))
        sound = size >= 64 && !strncmp(recorded, sha256, 64);
    free(recorded);
    free(sidecar);
    return sound;
}

static int keep(const struct training *training, const char *path, char sha256[65],
                struct rog_error *err)
{
    const struct rog_metadata metadata[] = {
        {"data", training->config->data},
        {"made_by", "rog-trainer pretrain"},
    };
    int code = rog_safetensors_write(path, training->arch, training->params, training->buffers,
                                     metadata, sizeof metadata / sizeof *metadata, err);
    if (!code)
        code = rog_sha256_file(path, sha256, err);
    if (code)
        return code;
    char *sidecar = rog_format("%s.sha256", path), *line = rog_format("%s\n", sha256);
    code = sidecar && line ? rog_file_write(sidecar, line, strlen(line), err) : rog_fail_nomem(err);
    free(sidecar);
    free(line);
    return code;
}

static int make(const struct rog_run_config *config, rog_pretrain_watch watch, void *user,
                struct rog_pretrained *pretrained, struct rog_error *err)
{
    struct training training = {.config = config, .watch = watch, .user = user};
    struct rog_arch *arch = NULL;
    int code = rog_pretrain_arch(config, &arch, err);
    if (code)
        return code;
    training.arch = arch;
    training.begin_s = training.reported_s = wall_s();
    code = train(&training, err);
    if (!code)
        code = keep(&training, pretrained->path, pretrained->sha256, err);
    pretrained->made = true;
    pretrained->wall_s = wall_s() - training.begin_s;
    training_release(&training);
    rog_arch_free(arch);
    return code;
}

static int from_cache(const struct rog_run_config *config, rog_pretrain_watch watch, void *user,
                      struct rog_pretrained *pretrained, struct rog_error *err)
{
    struct rog_lock lock = ROG_LOCK_NONE;
    char *text = recipe(config, err);
    if (!text)
        return err ? err->code : ROG_EFAILED;
    int code = rog_cache_path(&pretrained->path, "pretrained", text, "safetensors", err);
    if (code || is_sound(pretrained->path, pretrained->sha256))
        goto out;
    code = rog_lock_take(&lock, pretrained->path, err);
    if (code || is_sound(pretrained->path, pretrained->sha256)) /* made while we waited */
        goto out;
    code = make(config, watch, user, pretrained, err);
out:
    rog_lock_release(&lock);
    free(text);
    return code;
}

int rog_pretrain_ensure(const struct rog_run_config *config, rog_pretrain_watch watch, void *user,
                        struct rog_pretrained *pretrained, struct rog_error *err)
{
    *pretrained = (struct rog_pretrained){0};
    int code;
    if (config->initial_model) {
        pretrained->path = rog_strdup(config->initial_model);
        code = pretrained->path ? rog_sha256_file(pretrained->path, pretrained->sha256, err)
                                : rog_fail_nomem(err);
        if (code)
            rog_fail_prefix(err, "initial_model");
    } else {
        code = from_cache(config, watch, user, pretrained, err);
    }
    if (code)
        rog_pretrained_release(pretrained);
    return code;
}

void rog_pretrained_release(struct rog_pretrained *pretrained)
{
    free(pretrained->path);
    *pretrained = (struct rog_pretrained){0};
}

int rog_pretrain_arch(const struct rog_run_config *config, struct rog_arch **arch,
                      struct rog_error *err)
{
    /* Every data set there is has a hundred classes. */
    return rog_arch_new(arch, config->model, ROG_DATASET_CLASSES, config->image_size, err);
}
