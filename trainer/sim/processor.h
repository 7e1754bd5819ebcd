/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_PROCESSOR_H
#define ROG_SIM_PROCESSOR_H

/*
 * One processor that works on all its jobs at once and gives each the same share, as the threads of
 * a server do: a job of 0.1 s takes 0.1 s alone and 0.4 s beside three others like it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>

struct rog_processor_job {
    uint32_t owner; /* chosen by the user */
    double left_s;  /* seconds of work left */
};

/* Zero-initialize. */
struct rog_processor {
    struct rog_processor_job *jobs;
    uint32_t count, room;
    double at_s;     /* the time at which left_s is valid */
    uint32_t change; /* incremented by each change: a returned end is valid until then */
};

void rog_processor_release(struct rog_processor *processor);
/* Loading checks that owners are below `owners`. */
void rog_processor_archive(struct rog_processor *processor, uint32_t owners,
                           struct rog_archive *archive);
/* Adds a job of work_s >= 0 seconds at now_s, which never decreases. Only ROG_ENOMEM. */
int rog_processor_add(struct rog_processor *processor, double now_s, uint32_t owner, double work_s,
                      struct rog_error *err);
/* Returns in *end_s when the next job ends if no other is added; false if there are no jobs. */
bool rog_processor_next(const struct rog_processor *processor, double *end_s);
/* Removes the job named by rog_processor_next, which ends at now_s, and returns its owner. There
 * must be a job. */
uint32_t rog_processor_take(struct rog_processor *processor, double now_s);

#endif
