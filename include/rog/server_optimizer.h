/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SERVER_OPTIMIZER_H
#define ROG_SERVER_OPTIMIZER_H

/*
 * How pushes change the server's model: the interface between the synchronization core and a
 * server optimizer.
 *
 * Updates from workers already contain their learning rate: the content of a row is to be
 * subtracted. There are two kinds of optimizers.
 *
 *   at once    `apply` receives each row as it arrives, still encoded, and its place in the model.
 *   in rounds  the core adds up weight times x in its own array. When as many contributions as
 *              `round` returns have arrived, it calls `step` for each row that was in any of them
 *              and begins the next round.
 *
 * A contribution is a complete push with a weight above 0. Rows of a push do not count and are not
 * seen as arrived before it is complete. Rows that the server demanded between two pushes belong
 * to the round in which they arrive, with the weight of the push before. The step precedes the
 * admission of any worker that waited for the completing push. A worker that leaves does not take
 * back its contributions, and its leaving can complete a round; its contributions do not count for
 * another worker.
 *
 * The core keeps an optimizer's state, `memory` floats per element, saves it with each checkpoint
 * and restores it when a server resumes. Without values (no model, only its shape) rounds are
 * counted, but neither `apply` nor `step` is called.
 *
 * Rules for every optimizer (tests/unit/server_optimizer_test.c):
 *   - it touches only the given row of the model, the sum and its memory, and keeps nothing
 *     anywhere else;
 *   - the same rows in the same order give the same model; in rounds, the same pushes in the order
 *     of their completion;
 *   - a server that resumes from a model and the saved state ends with the same model as one that
 *     was not interrupted, except for the rounding of the model to floats, even if it was
 *     interrupted within a round;
 *   - with the largest values that may arrive (1e6, librog/sync/wire.h) its memory stays finite.
 *
 * One optimizer is one file, librog/optimizers/NAME.c, and a line in optimizers.c:
 * docs/write-a-server-optimizer.md. This header is not installed: optimizers are part of the
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
    uint32_t workers;       /* of the run, including those that have left */
    float share; /* 1 / workers: the factor of a worker's row, as each sends a whole step */
};

/* A row of a push, or one demanded between two pushes. */
struct rog_arrival {
    uint32_t worker, iteration; /* from which worker, and in which of its iterations it was sent */
    uint32_t row;
    float weight; /* of the push: usually 1; > 0 */
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
    uint32_t contributions; /* in the round, > 0; some may lack this row */
    uint32_t steps;         /* of this row, including this one */
};

struct rog_server_optimizer {
    const char *name;
    const char *summary;                    /* one line */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* of the struct that they describe */
    uint32_t memory;                        /* floats per element, initially 0 */

    /* At once, instead of the rest. model: the row's arrival->coded.elements floats of the
     * difference from the initial model, not of the model itself (sync/server.h says why).
     * memory[i]: as many floats. */
    void (*apply)(const struct rog_server_optimizer_config *config,
                  const struct rog_arrival *arrival, float *const *memory, float *model);

    /* In rounds, both. round: how many contributions make a round; `all` is the number of present
     * workers, plus those that have contributed and left. */
    uint32_t (*round)(const struct rog_server_optimizer_config *config, uint32_t all);
    /* sum: of weight x over the contributions; memory and model as above; `elements` floats each.
     */
    void (*step)(const struct rog_server_optimizer_config *config, const struct rog_round *round,
                 const float *sum, float *const *memory, float *model, uint32_t elements);
    /* In rounds, optional. votes: whether signs of x (1, 0, -1) are added up instead. */
    bool (*votes)(const struct rog_server_optimizer_config *config);
    /* The factor of a push that has just been completed, 0 to 1; `behind` is the number of steps
     * that the server has made since the worker's pull. It multiplies the strategy's factor. Left
     * out: 1. */
    double (*weigh)(const struct rog_server_optimizer_config *config, uint64_t behind);
};

#endif
