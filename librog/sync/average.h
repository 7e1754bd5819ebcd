/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_AVERAGE_H
#define ROG_SYNC_AVERAGE_H

/*
 * The average of a server's model over a run (Ruppert 1988; Polyak and Juditsky 1992; here with
 * exponentially decreasing weights). After iteration t it is
 *
 *     A_t = A_{t-1} + c_t (W_t - A_{t-1}),    c_t = (1 - d) / (1 - d^(t + 1)),    d = exp(-1 / n)
 *
 * which is the mean of W_0 ... W_t, each counting d times as much as the next one. At first this is
 * the plain mean, so that the initial model does not remain in it longer than others. Iterations
 * are counted independently of checkpoints. An iteration ends after as many pushes as there are
 * workers: under BSP when all have pushed; under strategies that let some workers run ahead, no
 * worker counts more than others.
 *
 * Models are stored as differences from the initial model, as in server.h, so the float32 values
 * here have the precision of the steps. If the model stays constant, the average approaches it to
 * within n / 2 units in the last place, and no closer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>

struct rog_average {
    double iterations; /* n, about how many iterations the average covers */
    float *values;     /* A; NULL if no average is kept */
    uint64_t count;    /* number of values */
    uint64_t taken;    /* t, iterations averaged so far */
    uint32_t pushes;   /* pushes since then */
};

/* Initializes an average over about `iterations` iterations, to which nothing has been added yet;
 * 0: no average is kept. */
int rog_average_init(struct rog_average *average, double iterations, uint64_t count,
                     struct rog_error *err);
/* No effect on a struct that is all zero. */
void rog_average_release(struct rog_average *average);
static inline bool rog_average_is_kept(const struct rog_average *average)
{
    return average->values != NULL;
}

/* A worker, one of `workers`, has completed a push, and the model contains all of it. */
void rog_average_pushed(struct rog_average *average, const float *change, uint32_t workers);
/* `change` has been added to the initial model, from which the average is the difference. */
void rog_average_rebase(struct rog_average *average, const float *change);

/* A checkpoint contains start + average instead of the model, start + change. The state beside it
 * is what a server needs to resume: rog_average_bytes returns its size (0 if no average is kept),
 * rog_average_save writes it. rog_average_load restores it; `start` is the checkpoint's model
 * before the call and the server's model after it, with a change of 0. */
size_t rog_average_bytes(const struct rog_average *average);
void rog_average_save(const struct rog_average *average, const float *start, const float *change,
                      uint8_t *bytes);
void rog_average_load(struct rog_average *average, float *start, const uint8_t *bytes);
void rog_average_archive(struct rog_average *average, struct rog_archive *archive);

#endif
