/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_SAFETENSORS_H
#define ROG_NN_SAFETENSORS_H

/*
 * Checkpoints as safetensors files: every parameter and running statistic under its PyTorch name,
 * float32. The metadata has "model", "classes" and "image_size" (if known) and the caller's
 * entries. On reading every length, offset, name, shape and dtype is checked before use; if
 * anything is missing, left over, overlapping, truncated or not finite, the result is ROG_EFORMAT
 * with the tensor's name, and the contents of the arrays are undefined. Writing is atomic and
 * creates missing folders. Reading ignores BatchNorm's num_batches_tracked.
 */

#include <rog/error.h>
#include <trainer/nn/arch.h>

struct rog_metadata {
    const char *key, *value;
};

/* Parameters are params + change, unless `change` is NULL. */
int rog_safetensors_write(const char *path, const struct rog_arch *arch, const float *params,
                          const float *change, const float *buffers,
                          const struct rog_metadata *metadata, uint32_t metadata_count,
                          struct rog_error *err);
int rog_safetensors_read(const char *path, const struct rog_arch *arch, float *params,
                         float *buffers, struct rog_error *err);
/* Creates the architecture that a file was written for, from its metadata (ROG_EFORMAT if it has
 * none). */
int rog_safetensors_arch(const char *path, struct rog_arch **arch, struct rog_error *err);

#endif
