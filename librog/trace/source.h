/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_SOURCE_H
#define ROG_TRACE_SOURCE_H

/* The source of a bandwidth trace: the values of the setting `trace`. */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <librog/trace/trace.h>
#include <rog/error.h>

struct rog_trace_source {
    const char *name;
    uint32_t rank;
    uint64_t seed;
    double offset_s, phase; /* where in the trace the run starts (trace.h, rog_trace_start_s) */
    double block_s;         /* for a file: resampled in blocks of this length (resample.h); 0: not
                               resampled */
    bool own_blocks;        /* different blocks for each rank; otherwise the same for all */
};

/* Returns the source of a worker's bandwidth according to a run's configuration. */
struct rog_trace_source rog_trace_source_of(const struct rog_run_config *config, uint32_t index);

/*
 * Opens the trace that the setting `trace` names:
 *   constant:MBIT                   one rate, > 0
 *   synth:outdoors, synth:indoors   generated (synth.h) from the seed and the rank
 *   unlimited                       no limit: *trace is NULL
 *   anything else                   a CSV file; "{rank}" in its name is replaced by the rank
 * Errors: ROG_EINVAL for an invalid source, ROG_ENOTFOUND and ROG_EIO for a file that cannot be
 * read, ROG_EFORMAT with file and line for a file in another format; those of rog_trace_resample.
 */
int rog_trace_open(struct rog_trace **trace, const struct rog_trace_source *source,
                   struct rog_error *err);

/* As rog_trace_open; sets *start_s to the trace's time at the beginning of the run. It is 0 for
 * blocks, which are drawn from there on. */
int rog_trace_open_run(struct rog_trace **trace, double *start_s,
                       const struct rog_trace_source *source, struct rog_error *err);

#endif
