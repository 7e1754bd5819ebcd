/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_SKETCH_H
#define ROG_TEXT_SKETCH_H

/* Curves made of characters, for terminals: Unicode block elements and braille patterns, or
 * ASCII. */

#include <stdbool.h>
#include <stddef.h>

#define ROG_SKETCH_LINE_BYTES 256

/* Writes the values in their order as one line of at most `columns` columns, scaled from the
 * smallest to the largest; if there are more values than columns, each column shows the mean of
 * several. "" without values. */
void rog_sketch_line(const double *value, size_t count, size_t columns, bool utf8,
                     char text[ROG_SKETCH_LINE_BYTES]);

struct rog_sketch {
    const double *x, *y; /* [count], ascending in x; finite */
    size_t count;
    size_t columns, rows; /* of the whole picture, including its axes */
    bool utf8;
    int digits;         /* digits after the point of numbers on the y axis */
    const char *x_unit; /* "s" */
};

/* Returns the curve through the points between two axes: lines that end in '\n', in heap memory.
 * NULL without memory. "" if there is not enough room or nothing to draw. */
char *rog_sketch_curve(const struct rog_sketch *sketch);

#endif
