/* SPDX-License-Identifier: Apache-2.0 */
/* The average of a model over iterations. */
#include <librog/sync/average.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>

#define TAKEN_BYTES 8
#define PUSHES_BYTES 4
#define COUNTED_BYTES (TAKEN_BYTES + PUSHES_BYTES)

int rog_average_init(struct rog_average *average, double iterations, uint64_t count,
                     struct rog_error *err)
{
    *average = (struct rog_average){.iterations = iterations, .count = count};
    if (!(iterations > 0))
        return 0;
    average->values = rog_floats(count);
    if (!average->values)
        return rog_fail_nomem(err);
    memset(average->values, 0, count * sizeof *average->values);
    return 0;
}

void rog_average_release(struct rog_average *average)
{
    free(average->values);
    average->values = NULL;
}

void rog_average_pushed(struct rog_average *average, const float *change, uint32_t workers)
{
    if (!average->values || ++average->pushes < workers)
        return;
    average->pushes = 0;
    average->taken++;
    double newest = expm1(-1 / average->iterations);
    double all = expm1(-((double)average->taken + 1) / average->iterations);
    rog_kernel_approach(average->values, change, (float)(newest / all), average->count);
}

void rog_average_rebase(struct rog_average *average, const float *change)
{
    for (uint64_t i = 0; average->values && i < average->count; i++)
        average->values[i] -= change[i];
}

/* ---- state beside a checkpoint, and archive ---- */

size_t rog_average_bytes(const struct rog_average *average)
{
    return average->values ? COUNTED_BYTES + average->count * sizeof *average->values : 0;
}

void rog_average_save(const struct rog_average *average, const float *start, const float *change,
                      uint8_t *bytes)
{
    if (!average->values)
        return;
    rog_put_number(bytes, average->taken, TAKEN_BYTES);
    rog_put_number(bytes + TAKEN_BYTES, average->pushes, PUSHES_BYTES);
    bytes += COUNTED_BYTES;
    for (uint64_t i = 0; i < average->count; i++)
        rog_put_float(bytes + i * sizeof *start, start[i] + change[i]);
}

void rog_average_load(struct rog_average *average, float *start, const uint8_t *bytes)
{
    if (!average->values)
        return;
    average->taken = rog_get_number(bytes, TAKEN_BYTES);
    average->pushes = (uint32_t)rog_get_number(bytes + TAKEN_BYTES, PUSHES_BYTES);
    bytes += COUNTED_BYTES;
    for (uint64_t i = 0; i < average->count; i++) {
        float model = rog_get_float(bytes + i * sizeof model);
        average->values[i] = start[i] - model;
        start[i] = model;
    }
}

void rog_average_archive(struct rog_average *average, struct rog_archive *archive)
{
    if (!average->values)
        return;
    rog_archive_u64(archive, &average->taken);
    rog_archive_u32(archive, &average->pushes);
    rog_archive_bytes(archive, average->values, average->count * sizeof *average->values);
}
