/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SURVEY_SAMPLES_H
#define ROG_SURVEY_SAMPLES_H

/* The rows of a recording, added up as they arrive (librog/trace/measured.h describes them). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

enum { ROG_SAMPLES_UP, ROG_SAMPLES_DOWN, ROG_SAMPLES_DIRECTIONS };

struct rog_samples_link {
    uint64_t looks;
    uint64_t down;                         /* number of samples in which nothing got through */
    double sum[ROG_SAMPLES_DIRECTIONS];    /* Mbit/s */
    uint64_t told[ROG_SAMPLES_DIRECTIONS]; /* number of samples with a rate */
    double last[ROG_SAMPLES_DIRECTIONS];   /* NaN: none yet */
};

struct rog_samples {
    struct rog_samples_link *link; /* [workers], by rank - 1; heap */
    size_t workers;
    double seconds; /* time of the last row */
    /* Cost of the probe, summed over all rows; once the final row has arrived, its totals. */
    double bytes, busy_s;
    bool ended; /* the final row has arrived */
};

int rog_samples_init(struct rog_samples *samples, size_t workers, struct rog_error *err);
void rog_samples_release(struct rog_samples *samples);
/* Takes complete lines. ROG_EFORMAT: an invalid row. */
int rog_samples_take(struct rog_samples *samples, const char *text, size_t size,
                     struct rog_error *err);
/* Mbit/s, NaN: no sample has a rate. */
double rog_samples_mean(const struct rog_samples_link *link, int direction);

#endif
