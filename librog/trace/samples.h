/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_SAMPLES_H
#define ROG_TRACE_SAMPLES_H

/* Rows of a recording before they are a trace, in whatever order their file has them. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_trace_sample {
    double at_s, value;
    uint32_t line; /* where it stands */
};

/* Zero-initialize, release in any case. */
struct rog_trace_samples {
    struct rog_trace_sample *item; /* heap */
    size_t count, room;
};

int rog_trace_samples_add(struct rog_trace_samples *samples, struct rog_trace_sample sample,
                          struct rog_error *err);

/* By time, those of the same time as they stand in the file. Returns how many stood behind one of a
 * later time. */
uint32_t rog_trace_samples_sort(struct rog_trace_samples *samples);

void rog_trace_samples_release(struct rog_trace_samples *samples);

#endif
