/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the initial model in the cache, or trains it. */
#include <trainer/run/pretrain.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/hash.h>
#include <trainer/data/cache.h>
#include <trainer/data/dataset.h>
#include <trainer/data/sources.h>
#include <trainer/nn/safetensors.h>

#define SIDECAR_MAX_BYTES 1024
#define WAIT_S 0.1 /* between two attempts to take the lock */

/* Returns everything that the model depends on, as text. */
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

/* Returns whether the file exists and is intact. Its hash is in PATH.checksum. */
static bool is_sound(const char *path, char sha256[65])
{
    bool sound = false;
    char *sidecar = rog_format("%s.checksum", path), *recorded = NULL;
    size_t size = 0;
    if (sidecar && rog_file_exists(path) &&
        !rog_file_read(sidecar, SIDECAR_MAX_BYTES, &recorded, &size, NULL) &&
        !rog_sha256_file(path, sha256, NULL))
        sound = size >= 64 && !strncmp(recorded, sha256, 64);
    free(recorded);
    free(sidecar);
    return sound;
}

/* A model in training. */
struct making {
    struct rog_arch *arch;
    struct rog_dataset *dataset;
    float *params, *buffers;
};

static void making_release(struct making *making)
{
    free(making->params);
    free(making->buffers);
    rog_dataset_free(making->dataset);
    rog_arch_free(making->arch);
}

static int train(const struct rog_run_config *config, struct making *making,
                 const struct rog_pretrain_watch *watch, struct rog_error *err)
{
    const struct rog_fit_options options = {
        .epochs = config->pretrain_epochs,
        .batch = config->pretrain_batch,
        .learning_rate = config->pretrain_learning_rate,
        .seed = config->pretrain_seed,
    };
    if (!options.epochs)
        return ROG_OK; /* random weights were requested */
    if (rog_dataset_is_noisy(config->data))
        return rog_fail(err, ROG_EINVAL,
                        "pre-training needs images without noise, but %s has none; hint: give "
                        "initial_model, or pretrain_epochs = 0",
                        config->data);
    int code = rog_dataset_open(&making->dataset, config->data, ROG_SPLIT_TRAIN, "none",
                                ROG_DATASET_SEED, err);
    if (!code)
        code = rog_fit(making->dataset, making->arch, &options, watch->progress, watch->user,
                       making->params, making->buffers, err);
    if (code)
        rog_fail_prefix(err, "pre-training");
    return code;
}

static int keep(const struct rog_run_config *config, const struct making *making, const char *path,
                char sha256[65], struct rog_error *err)
{
    const struct rog_metadata metadata[] = {
        {"data", config->data},
        {"made_by", "rog-trainer pretrain"},
    };
    int code = rog_safetensors_write(path, making->arch, making->params, NULL, making->buffers,
                                     metadata, sizeof metadata / sizeof *metadata, err);
    if (!code)
        code = rog_sha256_file(path, sha256, err);
    if (code)
        return code;
    char *sidecar = rog_format("%s.checksum", path), *line = rog_format("%s\n", sha256);
    code = sidecar && line ? rog_file_write(sidecar, line, strlen(line), err) : rog_fail_nomem(err);
    free(sidecar);
    free(line);
    return code;
}

static int make(const struct rog_run_config *config, const struct rog_pretrain_watch *watch,
                struct rog_pretrained *pretrained, struct rog_error *err)
{
    struct making making = {0};
    double begin_s = rog_clock_s();
    int code = rog_pretrain_arch(config, &making.arch, err);
    if (code)
        return code;
    making.params = calloc(making.arch->params, sizeof(float));
    making.buffers = calloc(making.arch->buffers + 1, sizeof(float));
    if (!making.params || !making.buffers) {
        code = rog_fail_nomem(err);
        goto out;
    }
    rog_arch_initialize(making.arch, config->pretrain_seed, making.params, making.buffers);
    code = train(config, &making, watch, err);
    if (!code)
        code = keep(config, &making, pretrained->path, pretrained->sha256, err);
    pretrained->made = true;
    pretrained->wall_s = rog_clock_s() - begin_s;
out:
    making_release(&making);
    return code;
}

static int take_lock(struct rog_lock *lock, const char *path,
                     const struct rog_pretrain_watch *watch, struct rog_error *err)
{
    const double begin_s = rog_clock_s();
    int code;
    while ((code = rog_lock_try(lock, path, err)) == ROG_EBUSY) {
        if (watch->waiting && watch->waiting(watch->user, rog_clock_s() - begin_s))
            return rog_fail(err, ROG_EINTR, "interrupted");
        usleep((useconds_t)(1e6 * WAIT_S));
    }
    return code;
}

static int from_cache(const struct rog_run_config *config, const struct rog_pretrain_watch *watch,
                      struct rog_pretrained *pretrained, struct rog_error *err)
{
    struct rog_lock lock = ROG_LOCK_NONE;
    char *text = recipe(config, err);
    if (!text)
        return err ? err->code : ROG_EFAILED;
    int code = rog_cache_path(&pretrained->path, "pretrained", text, "safetensors", err);
    if (code || is_sound(pretrained->path, pretrained->sha256))
        goto out;
    code = take_lock(&lock, pretrained->path, watch, err);
    if (code || is_sound(pretrained->path, pretrained->sha256)) /* trained by another process
                                                                   meanwhile */
        goto out;
    code = make(config, watch, pretrained, err);
out:
    rog_lock_release(&lock);
    free(text);
    return code;
}

int rog_pretrain_ensure(const struct rog_run_config *config, const struct rog_pretrain_watch *watch,
                        struct rog_pretrained *pretrained, struct rog_error *err)
{
    static const struct rog_pretrain_watch nobody = {0};
    *pretrained = (struct rog_pretrained){0};
    int code;
    if (config->initial_model) {
        pretrained->path = rog_strdup(config->initial_model);
        code = pretrained->path ? rog_sha256_file(pretrained->path, pretrained->sha256, err)
                                : rog_fail_nomem(err);
        if (code == ROG_ENOTFOUND) /* a wrong setting, not an empty result */
            code = rog_fail(err, ROG_EINVAL, "the file %s does not exist", config->initial_model);
        if (code)
            rog_fail_prefix(err, "initial_model");
    } else {
        code = from_cache(config, watch ? watch : &nobody, pretrained, err);
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
    /* Every data set has a hundred classes. */
    return rog_arch_new(arch, config->model, ROG_DATASET_CLASSES, config->image_size, err);
}
