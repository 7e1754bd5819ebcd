/* SPDX-License-Identifier: Apache-2.0 */
/* Allocates images, computes their hash, and splits them into shards. */
#include <trainer/data/dataset.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/hash.h>
#include <common/memory.h>

#define PIXELS_MAX_BYTES (UINT64_C(1) << 31)

const char *rog_split_name(enum rog_split split)
{
    return split == ROG_SPLIT_TRAIN ? "train" : "test";
}

int rog_dataset_new(struct rog_dataset **dataset, uint32_t count, uint32_t classes, uint32_t height,
                    uint32_t width, struct rog_error *err)
{
    *dataset = NULL;
    if (!count || !classes || classes > UINT16_MAX || !height || !width || height > 65536 ||
        width > 65536 || (uint64_t)count * 3 > PIXELS_MAX_BYTES / ((uint64_t)height * width))
        return rog_fail(err, ROG_EINVAL,
                        "a data set of %u images of %u x %u pixels in %u classes is not supported",
                        count, height, width, classes);
    struct rog_dataset *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    made->count = count;
    made->classes = classes;
    made->height = height;
    made->width = width;
    made->pixels = calloc(rog_dataset_bytes(made), 1);
    made->labels = calloc(count, sizeof *made->labels);
    if (!made->pixels || !made->labels) {
        rog_dataset_free(made);
        return rog_fail_nomem(err);
    }
    rog_large_pages(made->pixels, rog_dataset_bytes(made));
    *dataset = made;
    return ROG_OK;
}

void rog_dataset_free(struct rog_dataset *dataset)
{
    if (!dataset)
        return;
    free(dataset->pixels);
    free(dataset->labels);
    free(dataset);
}

int rog_dataset_seal(struct rog_dataset *dataset, struct rog_error *err)
{
    struct rog_sha256_stream *stream = NULL;
    int code = rog_sha256_stream_new(&stream, err);
    if (code)
        return code;
    char shape[96];
    int size = snprintf(shape, sizeof shape, "%u %u %u %u\n", dataset->count, dataset->classes,
                        dataset->height, dataset->width);
    rog_sha256_stream_add(stream, shape, (size_t)size);
    for (uint32_t i = 0; i < dataset->count; i++) {
        const uint8_t label[2] = {(uint8_t)(dataset->labels[i] & 255),
                                  (uint8_t)(dataset->labels[i] >> 8)};
        rog_sha256_stream_add(stream, label, sizeof label);
    }
    rog_sha256_stream_add(stream, dataset->pixels, rog_dataset_bytes(dataset));
    rog_sha256_stream_end(stream, dataset->sha256);
    return ROG_OK;
}

/* ---- shards ---- */

int rog_dataset_shard(const struct rog_dataset *dataset, uint32_t workers, uint32_t worker,
                      uint32_t **indices, uint32_t *count, struct rog_error *err)
{
    *indices = NULL;
    *count = 0;
    uint32_t each = workers ? dataset->count / workers : 0;
    if (!each || worker >= workers)
        return rog_fail(err, ROG_EINVAL, "%u images cannot be split: shard %u of %u",
                        dataset->count, worker, workers);
    uint32_t *sorted = calloc(dataset->count, sizeof *sorted);
    uint32_t *begin = calloc((size_t)dataset->classes + 1, sizeof *begin);
    uint32_t *shard = calloc(each, sizeof *shard);
    int code = ROG_OK;
    if (!sorted || !begin || !shard) {
        code = rog_fail_nomem(err);
        goto out;
    }
    /* Counting sort: stable. */
    for (uint32_t i = 0; i < dataset->count; i++)
        begin[dataset->labels[i] + 1]++;
    for (uint32_t c = 0; c < dataset->classes; c++)
        begin[c + 1] += begin[c];
    for (uint32_t i = 0; i < dataset->count; i++)
        sorted[begin[dataset->labels[i]]++] = i;
    memcpy(shard, sorted + (size_t)worker * each, each * sizeof *shard);
    *indices = shard;
    *count = each;
    shard = NULL;
out:
    free(sorted);
    free(begin);
    free(shard);
    return code;
}
