/* SPDX-License-Identifier: Apache-2.0 */
/* Tests checkpoints on a configuration's test images. */
#include <trainer/run/evaluate.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <common/hash.h>
#include <trainer/data/batch.h>
#include <trainer/data/dataset.h>
#include <trainer/data/sources.h>
#include <trainer/nn/net.h>
#include <trainer/nn/safetensors.h>

#define BATCH 100u

struct rog_tester {
    struct rog_dataset *dataset;
    struct rog_arch *arch;
    struct rog_net *net;
    uint32_t images, batch;
    float *batch_images, *params, *buffers;
};

int rog_tester_new(struct rog_tester **tester, const struct rog_run_config *config,
                   const char *noise, struct rog_error *err)
{
    *tester = NULL;
    struct rog_tester *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    int code = rog_dataset_open(&made->dataset, config->data, ROG_SPLIT_TEST,
                                noise ? noise : config->noise, ROG_DATASET_SEED, err);
    if (code)
        goto out;
    uint32_t count = made->dataset->count;
    made->images = config->test_images && config->test_images < count ? config->test_images : count;
    made->batch = made->images < BATCH ? made->images : BATCH;
    code =
        rog_arch_new(&made->arch, config->model, made->dataset->classes, config->image_size, err);
    if (code)
        goto out;
    code = rog_net_new(&made->net, made->arch, made->batch, ROG_NET_INFER, err);
    if (code)
        goto out;
    size_t floats = (size_t)made->batch * config->image_size * config->image_size * 3;
    made->batch_images = calloc(floats, sizeof(float));
    made->params = calloc(made->arch->params, sizeof(float));
    made->buffers = calloc(made->arch->buffers ? made->arch->buffers : 1, sizeof(float));
    if (!made->batch_images || !made->params || !made->buffers)
        code = rog_fail_nomem(err);
out:
    if (code) {
        rog_tester_free(made);
        made = NULL;
    }
    *tester = made;
    return code;
}

void rog_tester_free(struct rog_tester *tester)
{
    if (!tester)
        return;
    rog_net_free(tester->net);
    rog_arch_free(tester->arch);
    rog_dataset_free(tester->dataset);
    free(tester->batch_images);
    free(tester->params);
    free(tester->buffers);
    free(tester);
}

/* Returns whether the true class has the largest logit. Adds the cross-entropy to *loss. */
static bool judge(const float *logits, uint32_t classes, uint32_t label, double *loss)
{
    uint32_t best = 0;
    for (uint32_t c = 1; c < classes; c++)
        if (logits[c] > logits[best])
            best = c;
    double sum = 0;
    for (uint32_t c = 0; c < classes; c++)
        sum += exp((double)logits[c] - (double)logits[best]);
    *loss += log(sum) + (double)logits[best] - (double)logits[label];
    return best == label;
}

int rog_tester_run_weights(struct rog_tester *tester, const float *params, const float *buffers,
                           struct rog_test_result *result, struct rog_error *err)
{
    const struct rog_dataset *dataset = tester->dataset;
    uint32_t right = 0, classes = dataset->classes;
    double loss = 0;
    for (uint32_t done = 0; done < tester->images;) {
        /* The last batch begins early enough to be full; images already seen are not counted again.
         */
        uint32_t first =
            done + tester->batch <= tester->images ? done : tester->images - tester->batch;
        const float *logits = NULL;
        rog_batch_plain(dataset, first, tester->batch, tester->arch->image_size,
                        tester->batch_images);
        int code =
            rog_net_forward(tester->net, params, buffers, tester->batch_images, &logits, err);
        if (code)
            return code;
        for (uint32_t i = done - first; i < tester->batch; i++)
            right +=
                judge(logits + (size_t)i * classes, classes, dataset->labels[first + i], &loss);
        done = first + tester->batch;
    }
    *result = (struct rog_test_result){
        .accuracy = 100.0 * right / tester->images,
        .loss = loss / tester->images,
        .images = tester->images,
    };
    return ROG_OK;
}

int rog_tester_run(struct rog_tester *tester, const char *path, struct rog_test_result *result,
                   struct rog_error *err)
{
    char hash[ROG_SHA256_HEX_BYTES];
    int code = rog_safetensors_read(path, tester->arch, tester->params, tester->buffers, err);
    if (!code)
        code = rog_sha256_file(path, hash, err);
    if (!code)
        code = rog_tester_run_weights(tester, tester->params, tester->buffers, result, err);
    if (!code)
        memcpy(result->sha256, hash, sizeof hash);
    return code;
}
