/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_SOURCE_H
#define ROG_TRACE_SOURCE_H

/* Where a bandwidth trace comes from: what the setting `trace` may say. */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <librog/trace/trace.h>
#include <rog/error.h>

struct rog_trace_source {
    const char *name;
    uint32_t rank;
    uint64_t seed;
    double offset_s, phase; /* where the run starts in it (trace.h, rog_trace_start_s) */
    double block_s;  /* of a file: drawn anew in blocks of this length (resample.h); 0: not */
    bool own_blocks; /* by the rank, too; otherwise the same for all ranks */
};

/* What a run says of the bandwidth of a worker of it. */
struct rog_trace_source rog_trace_source_of(const struct rog_run_config *config, uint32_t index);

/*
 * Opens what the setting `trace` names:
 *   constant:MBIT                   one rate, > 0
 *   synth:outdoors, synth:indoors   generated (synth.h) from the seed and the rank
 *   unlimited                       no limit: *trace is NULL
 *   anything else                   a CSV file; "{rank}" in its name stands for the rank
 * Errors: ROG_EINVAL for a source that is none, ROG_ENOTFOUND and ROG_EIO for a file that cannot be
 * read, ROG_EFORMAT with file and line for one that is not as described above; those of
 * rog_trace_resample.
 */
int rog_trace_open(struct rog_trace **trace, const struct rog_trace_source *source,
                   struct rog_error *err);

/* The same; *start_s is the trace's time at the beginning of the run, 0 in blocks, which are drawn
 * from there on. */
int rog_trace_open_run(struct rog_trace **trace, double *start_s,
                       const struct rog_trace_source *source, struct rog_error *err);

#endif
