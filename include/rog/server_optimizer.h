/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SERVER_OPTIMIZER_H
#define ROG_SERVER_OPTIMIZER_H

/*
 * How what arrives from workers changes the server's model: the interface between the
 * synchronization core and a server optimizer.
 *
 * Workers send updates with their learning rate in them: what a row's bytes say is to be
 * subtracted. An optimizer is given each row as it arrives, still encoded, and the row's place in
 * the model. It may take a share of it at once or keep moments of its own. What it keeps beside the
 * model is part of the checkpoint that a server goes on from. It is not told when a worker leaves:
 * one that waits for rows of all workers would wait for ever.
 *
 * What every optimizer keeps to (tests/unit/server_optimizer_test.c):
 *   - it changes of the model the row that arrives, and nothing else;
 *   - the same rows in the same order give the same model;
 *   - a server that goes on from a model with what `save` gave of it ends with the same model as
 *     the one that was not interrupted, but for the rounding of the model to floats.
 *
 * One optimizer is one file, librog/optimizers/NAME.c, and a line in optimizers.c.
 * This header is not installed: optimizers are part of the source tree.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/codec.h>
#include <rog/parameter.h>

/* What it works for; lives as long as its state. */
struct rog_server_optimizer_config {
    const void *parameters; /* its struct of them, filled; NULL where it has none */
    uint64_t params;        /* elements of the model */
    uint32_t rows, workers;
    float share; /* 1 / workers: what a worker's row counts for, as each sends a whole step */
};

/* A row of a push, or of what was asked for between two pushes. */
struct rog_arrival {
    uint32_t worker, iteration; /* whose, and in which of its iterations it was sent */
    uint32_t row;
    float weight;    /* of the push: 1 is usual; > 0 */
    uint64_t offset; /* of its first element among all of the model */
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

struct rog_server_optimizer {
    const char *name;
    const char *summary;                    /* one line */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* of the struct that they describe */

    /* Optional, both or none: make and free what it keeps beside the model; without them that is
     * NULL. create returns 0, or non-zero where there is not enough memory. */
    int (*create)(const struct rog_server_optimizer_config *config, void **state);
    void (*destroy)(void *state);

    /* Required. model: the row's arrival->coded.elements floats of what has been added to the model
     * since the run began, not the model itself (sync/server.h says why). */
    void (*apply)(void *state, const struct rog_server_optimizer_config *config,
                  const struct rog_arrival *arrival, float *model);

    /* Required with create: how many bytes the state takes, always the same number for a
     * configuration; and these bytes. Numbers are written little-endian, whatever the machine:
     * another may go on. `load` is given as many bytes as `save` wrote, of the same optimizer and
     * unchanged, and cannot refuse: any values must leave a state that can be worked with. */
    size_t (*state_bytes)(const struct rog_server_optimizer_config *config);
    void (*save)(const void *state, const struct rog_server_optimizer_config *config,
                 uint8_t *bytes);
    void (*load)(void *state, const struct rog_server_optimizer_config *config,
                 const uint8_t *bytes);
};

#endif
