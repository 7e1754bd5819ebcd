/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SERVER_OPTIMIZER_H
#define ROG_SERVER_OPTIMIZER_H

/*
 * How what arrives from workers changes the server's model: the interface between the
 * synchronization core and a server optimizer.
 *
 * Workers send updates with their learning rate in them: what a row's bytes say is to be
 * subtracted. There are two kinds of optimizers.
 *
 *   At once: `apply` is given each row as it arrives, still encoded, and its place in the model.
 *
 *   In rounds: the core adds up what arrives, weight times x, in an array of its own. When as many
 *   contributions as `round` says have arrived, it calls `step` for each row that was in any of
 *   them and begins the next round. A contribution is a complete push of a weight above 0. Nothing
 *   of a push counts before it is complete, and its rows are not seen as arrived before that; rows
 *   that the server has asked for between two pushes join the round that they come into, with the
 *   weight of the push before. The step takes place before anybody goes on who waited for the push
 *   that completed the round. A worker that leaves takes nothing back, and can complete a round
 *   that would have waited for it; what it has contributed stands for nobody who is there.
 *
 * What an optimizer remembers of each element beside the model, `memory` floats, the core keeps,
 * saves with each checkpoint and gives back to a server that goes on. Without values (no model,
 * only its shape) rounds are counted all the same, and neither `apply` nor `step` is called.
 *
 * What every optimizer keeps to (tests/unit/server_optimizer_test.c):
 *   - of the model, the sum and its memory it touches the row that it is called for, and it keeps
 *     nothing anywhere else;
 *   - the same rows in the same order give the same model; in rounds, the same pushes in the order
 *     in which they are completed;
 *   - a server that goes on from a model with what was saved ends with the same model as the one
 *     that was not interrupted, but for the rounding of the model to floats, also where it was
 *     interrupted within a round;
 *   - with the largest values that may arrive (1e6, librog/sync/wire.h) what it remembers stays
 *     finite.
 *
 * One optimizer is one file, librog/optimizers/NAME.c, and a line in optimizers.c:
 * docs/write-a-server-optimizer.md. This header is not installed: optimizers are part of the source
 * tree.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/codec.h>
#include <rog/parameter.h>

#define ROG_SERVER_OPTIMIZER_MEMORY 4 /* floats an element at most */
#define ROG_ROUND_MAX 1000000         /* contributions of a round */

/* What it works for. */
struct rog_server_optimizer_config {
    const void *parameters; /* its struct of them, filled; NULL where it has none */
    uint32_t workers;       /* of the run, those that have left with them */
    float share; /* 1 / workers: what a worker's row counts for, as each sends a whole step */
};

/* A row of a push, or of what was asked for between two pushes. */
struct rog_arrival {
    uint32_t worker, iteration; /* whose, and in which of its iterations it was sent */
    uint32_t row;
    float weight; /* of the push: 1 is usual; > 0 */
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
    uint32_t contributions; /* of the round, > 0; not all of them need to have this row */
    uint32_t steps;         /* that this row has had, with this one */
};

struct rog_server_optimizer {
    const char *name;
    const char *summary;                    /* one line */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* of the struct that they describe */
    uint32_t memory;                        /* floats an element, all 0 at first */

    /* At once, instead of the rest. model: the row's arrival->coded.elements floats of what has
     * been added to the model since the run began, not the model itself (sync/server.h says why).
     * memory[i]: as many floats. */
    void (*apply)(const struct rog_server_optimizer_config *config,
                  const struct rog_arrival *arrival, float *const *memory, float *model);

    /* In rounds, both. round: how many contributions make one, where one of each worker that is
     * there, with those of workers that have left since, are `all`. */
    uint32_t (*round)(const struct rog_server_optimizer_config *config, uint32_t all);
    /* sum: of weight x over the contributions; memory and model as above; `elements` floats each.
     */
    void (*step)(const struct rog_server_optimizer_config *config, const struct rog_round *round,
                 const float *sum, float *const *memory, float *model, uint32_t elements);
    /* In rounds, optional. votes: whether signs of x (1, 0, -1) are added up instead. */
    bool (*votes)(const struct rog_server_optimizer_config *config);
    /* What a push counts for that has just been completed, 0 to 1, where the server has made
     * `behind` steps since the worker's model was pulled. It multiplies what the strategy says.
     * Left out: 1. */
    double (*weigh)(const struct rog_server_optimizer_config *config, uint64_t behind);
};

#endif
