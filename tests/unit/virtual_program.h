/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEST_VIRTUAL_PROGRAM_H
#define ROG_TEST_VIRTUAL_PROGRAM_H

/* A program of three tensors, the last of them a constant, for tests of a program on a virtual
 * cluster through <rog/rog.h>. */

#include <rog/rog.h>
#include "virtual_sim.h"

#define TENSORS 3
#define TRAINED (40 * 30 + 30)
#define PARAMS (TRAINED + 6)

extern const uint32_t first_of[TENSORS];

struct program {
    struct rog *rog;
    float params[PARAMS], gradients[TRAINED];
    const float *list[2];
    struct rog_step step;
};

/* Registers its tensors. options: NULL, or those that differ from a single worker's. */
void open_program(struct program *program, const struct sim *sim, const struct rog_options *given);
/* The same, and starts. */
void start_program(struct program *program, const struct sim *sim, const struct rog_options *given);

/* Fails with the message if code is not 0. */
void check(int code, const struct rog_error *err);
void assert_says(int code, int expected, const struct rog_error *err, const char *part);

#endif
