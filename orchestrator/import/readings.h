/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_READINGS_H
#define ROG_IMPORT_READINGS_H

/* Rows of values with their times, in any order, and their lines. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_reading {
    double t, value;
    int64_t iteration; /* of checkpoints */
    uint32_t line;
};

struct rog_readings {
    struct rog_reading *item; /* heap */
    size_t count;
};

int rog_readings_add(struct rog_readings *readings, const struct rog_reading *reading,
                     struct rog_error *err);

/* Sorts by time; equal times keep the order of the file. Returns how many rows followed one with a
 * later time. */
int64_t rog_readings_sort(struct rog_readings *readings);

/* Marks the longest sequence in which no value is smaller than the previous one. */
int rog_readings_growing(const struct rog_readings *readings, bool *kept);

void rog_readings_release(struct rog_readings *readings);

#endif
