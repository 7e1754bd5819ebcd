/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_PROCESSOR_H
#define ROG_SIM_PROCESSOR_H

/*
 * One processor that works on all its jobs at once, each getting the same share, as the threads of
 * a server do: a job of 0.1 s takes 0.1 s alone and 0.4 s beside three others like it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>

struct rog_processor_job {
    uint32_t owner; /* the user's */
    double left_s;  /* of work */
};

/* Zero-initialize. */
struct rog_processor {
    struct rog_processor_job *jobs;
    uint32_t count, room;
    double at_s;     /* left_s hold for this time */
    uint32_t change; /* counts changes: what was said about the next end holds until then */
};

void rog_processor_release(struct rog_processor *processor);
/* Owners are below `owners`. */
void rog_processor_archive(struct rog_processor *processor, uint32_t owners,
                           struct rog_archive *archive);
/* Takes on a job of work_s >= 0 seconds at now_s, which never goes back. Only ROG_ENOMEM. */
int rog_processor_add(struct rog_processor *processor, double now_s, uint32_t owner, double work_s,
                      struct rog_error *err);
/* When the next job is done, if none is added; false without jobs. */
bool rog_processor_next(const struct rog_processor *processor, double *end_s);
/* The job that rog_processor_next spoke of is done, at now_s: its owner. There must be one. */
uint32_t rog_processor_take(struct rog_processor *processor, double now_s);

#endif
