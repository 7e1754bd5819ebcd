/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_SKETCH_H
#define ROG_TEXT_SKETCH_H

/* Curves out of characters, for terminals: of Unicode's blocks and braille patterns, or of ASCII.
 */

#include <stdbool.h>
#include <stddef.h>

#define ROG_SKETCH_LINE_BYTES 256

/* Values in their order as one line of at most `columns` columns, the smallest lowest; where there
 * are more values than columns each shows the mean of several. "" for none. */
void rog_sketch_line(const double *value, size_t count, size_t columns, bool utf8,
                     char text[ROG_SKETCH_LINE_BYTES]);

struct rog_sketch {
    const double *x, *y; /* [count], by x; finite */
    size_t count;
    size_t columns, rows; /* of the whole picture, with its axes */
    bool utf8;
    int digits;         /* after the point, of numbers along y */
    const char *x_unit; /* "s" */
};

/* The curve through the points between two axes: lines that end in '\n', in heap memory. NULL:
 * memory ran out. "" where there is no room or nothing to draw. */
char *rog_sketch_curve(const struct rog_sketch *sketch);

#endif
