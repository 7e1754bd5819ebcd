/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_MODEL_H
#define ROG_LINK_MODEL_H

/* A model as a server has it: rows, and values where the run has any. All borrowed. */

#include <stdint.h>

#include <librog/sync/rows.h>

struct rog_model {
    const struct rog_rows *rows; /* of what is trained; NULL: not known yet */
    float *params;               /* rows->params values; NULL: rows without values */
    float *constants;            /* what is not trained */
    uint64_t constant_count;
    double wire_scale; /* bytes on the wire that a byte of a message stands for */
};

#endif
