/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SERVER_OPTIMIZER_H
#define ROG_SERVER_OPTIMIZER_H

/*
 * How pushes change the server's model: the interface between the synchronization core and a
 * server optimizer.
 *
 * Updates from workers already include their learning rate: the content of a row is subtracted from
 * the model. There are two kinds of optimizers.
 *
 *   at once    `apply` receives each row as it arrives, still encoded, and its place in the model.
 *   in rounds  the core adds up weight times x in its own array. When as many contributions as
 *              `round` returns have arrived, the core calls `step` for each row that was in any of
 *              them and begins the next round.
 *
 * A contribution is a complete push with a weight above 0. Until a push is complete, its rows do
 * not count and are not treated as arrived. Rows that the server demanded between two pushes belong
 * to the round in which they arrive, with the weight of the push before. The core makes the step
 * before it admits a worker that waited for the push that completed the round. If a worker leaves,
 * its contributions remain, and its leaving can complete a round; they do not count as those of
 * another worker.
 *
 * The core keeps an optimizer's state, `memory` floats per element, saves it with each checkpoint
 * and restores it when a server resumes. Without values (no model, only its shape) rounds are
 * counted, but neither `apply` nor `step` is called.
 *
 * Rules for every optimizer (tests/unit/server_optimizer_test.c):
 *   - it changes only the given row of the model, the sum and its memory, and stores nothing
 *     anywhere else;
 *   - the same rows in the same order give the same model; in rounds, the same pushes in the order
 *     of their completion;
 *   - a server that resumes from a model and the saved state ends with the same model as one that
 *     was not interrupted, except for the rounding of the model to floats, even if it was
 *     interrupted within a round;
 *   - with the largest values that may arrive (1e6, librog/sync/wire.h) its memory stays finite.
 *
 * Each optimizer is one file, librog/optimizers/NAME.c, and a line in optimizers.c (see
 * docs/write-a-server-optimizer.md). This header is not installed: optimizers are part of the
 * source tree.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/codec.h>
#include <rog/parameter.h>

#define ROG_SERVER_OPTIMIZER_MEMORY 4 /* maximum floats per element */
#define ROG_ROUND_MAX 1000000         /* maximum contributions of a round */

/* The context of an optimizer. */
struct rog_server_optimizer_config {
    const void *parameters; /* its struct of parameters, filled; NULL if it has none */
    uint32_t workers;       /* workers of the run, including those that have left */
    float share; /* 1 / workers: the factor of a worker's row, as each sends a whole step */
};

/* A row of a push, or one demanded between two pushes. */
struct rog_arrival {
    uint32_t worker, iteration; /* the worker, and its iteration in which it sent the row */
    uint32_t row;
    float weight; /* weight of the push: usually 1; > 0 */
    const struct rog_codec *codec;
    struct rog_codec_row coded;
    const uint8_t *bytes;
};

/* target <- target - share x, where x is the row: arrival->coded.elements floats. */
static inline void rog_arrival_subtract(const struct rog_arrival *arrival, float share,
                                        float *target)
{
    arrival->codec->decode(&arrival->coded, share, arrival->bytes, target);
}

/* The end of a round, for one row. */
struct rog_round {
    uint32_t contributions; /* contributions in the round, > 0; some may lack this row */
    uint32_t steps;         /* steps of this row so far, including this one */
};

struct rog_server_optimizer {
    const char *name;
    const char *summary;                    /* one line */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* size of the struct that they describe */
    uint32_t memory;                        /* floats per element, initially 0 */

    /* For optimizers at once, instead of all hooks below. model: the difference of this row from
     * the initial model, not the model itself (sync/server.h says why), arrival->coded.elements
     * floats. memory[i]: arrays of the same length. */
    void (*apply)(const struct rog_server_optimizer_config *config,
                  const struct rog_arrival *arrival, float *const *memory, float *model);

    /* For optimizers in rounds, which need `round` and `step`. round: returns how many
     * contributions make a round; `all` is the number of present workers, plus those that have
     * contributed and left. */
    uint32_t (*round)(const struct rog_server_optimizer_config *config, uint32_t all);
    /* sum: the sum of weight times x over the contributions; memory and model as above; each has
     * `elements` floats. */
    void (*step)(const struct rog_server_optimizer_config *config, const struct rog_round *round,
                 const float *sum, float *const *memory, float *model, uint32_t elements);
    /* For optimizers in rounds, optional: returns whether the core adds up the signs of x (1, 0,
     * -1) instead of x. */
    bool (*votes)(const struct rog_server_optimizer_config *config);
    /* For optimizers in rounds, optional: returns the factor of a push that has just been
     * completed, 0 to 1; `behind` is the number of steps that the server has made since the
     * worker's pull. The factor multiplies that of the strategy. If left out, it is 1. */
    double (*weigh)(const struct rog_server_optimizer_config *config, uint64_t behind);
};

#endif
