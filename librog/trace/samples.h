/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_SAMPLES_H
#define ROG_TRACE_SAMPLES_H

/* Rows of a recording in the order of their file, before they become a trace. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_trace_sample {
    double at_s, value;
    uint32_t line; /* line number in the file */
};

/* Initialize with zeros, release in any case. */
struct rog_trace_samples {
    struct rog_trace_sample *item; /* heap */
    size_t count, room;
};

int rog_trace_samples_add(struct rog_trace_samples *samples, struct rog_trace_sample sample,
                          struct rog_error *err);

/* Sorts by time; rows of the same time stay in the order of the file. Returns how many rows came
 * after one of a later time. */
uint32_t rog_trace_samples_sort(struct rog_trace_samples *samples);

void rog_trace_samples_release(struct rog_trace_samples *samples);

#endif
