/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_MODEL_H
#define ROG_LINK_MODEL_H

/* The model of a server: rows, and values if the run has any. All borrowed. */

#include <stdint.h>

#include <librog/sync/rows.h>

struct rog_model {
    const struct rog_rows *rows; /* of the trained tensors; NULL: not known yet */
    float *params;               /* rows->params values; NULL: rows without values */
    float *constants;            /* the constants */
    uint64_t constant_count;
    double wire_scale; /* bytes on the wire per byte of a message */
};

#endif
