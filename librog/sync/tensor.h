/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_TENSOR_H
#define ROG_SYNC_TENSOR_H

/* A tensor of the model in the row table: its position and its rows. */

#include <stdint.h>

struct rog_rows_tensor {
    uint64_t offset;    /* first element in the flat array */
    uint64_t size;      /* elements, > 0 */
    uint32_t first_row; /* rows first_row .. first_row + rows - 1 */
    uint32_t rows;
    uint32_t row_size; /* elements of each of its rows: size / rows */
    uint32_t width;    /* elements of its rows as strategies see them, if no codec needs whole
                          tensors */
    const char *name;  /* borrowed, see rog_rows_set_name; NULL: no name */
};

#endif
