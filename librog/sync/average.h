/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_AVERAGE_H
#define ROG_SYNC_AVERAGE_H

/*
 * The average of a server's model over a run (Ruppert 1988; Polyak and Juditsky 1992; here with
 * weights that fall exponentially). After the iteration t it is
 *
 *     A_t = A_{t-1} + c_t (W_t - A_{t-1}),    c_t = (1 - d) / (1 - d^(t + 1)),    d = exp(-1 / n)
 *
 * which is the mean of W_0 ... W_t, each counting d times as much as the next one. At first that is
 * the plain mean, so that the model that training began with does not stay in it longer than
 * others. It goes by iterations, whenever checkpoints are taken. An iteration is over after as many
 * pushes as there are workers: under BSP when all have pushed, and no worker counts more than
 * others under strategies that let some run ahead.
 *
 * Models are what has been added to the one that all began with, as in server.h. So the float32
 * here have the digits that the steps have; the average comes no closer to a model that stands
 * still than n / 2 units of the last of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>

struct rog_average {
    double iterations; /* n */
    float *values;     /* A; NULL: none is kept */
    uint64_t count;    /* of them */
    uint64_t taken;    /* t */
    uint32_t pushes;   /* since then */
};

/* Over about `iterations` > 0 of them; 0: none. Nothing has been added yet. */
int rog_average_init(struct rog_average *average, double iterations, uint64_t count,
                     struct rog_error *err);
/* Harmless on one that is all 0. */
void rog_average_release(struct rog_average *average);
static inline bool rog_average_is_kept(const struct rog_average *average)
{
    return average->values != NULL;
}

/* One of so many workers has pushed, and all that is in the model. */
void rog_average_pushed(struct rog_average *average, const float *change, uint32_t workers);
/* What has been added becomes part of the start. */
void rog_average_rebase(struct rog_average *average, const float *change);

/* A checkpoint has start + average instead of the model, start + change, which is what it lacks:
 * how many bytes, and these; 0 where none is kept. Given back where `start` is what the checkpoint
 * has, they make it the model, to which nothing has been added. */
size_t rog_average_bytes(const struct rog_average *average);
void rog_average_save(const struct rog_average *average, const float *start, const float *change,
                      uint8_t *bytes);
void rog_average_load(struct rog_average *average, float *start, const uint8_t *bytes);
void rog_average_archive(struct rog_average *average, struct rog_archive *archive);

#endif
