/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_TRACE_NAME_H
#define ROG_COMMON_TRACE_NAME_H

/*
 * The setting `trace` of a run's workers, without opening any file: where the bandwidth comes from,
 * which workers share a recording, and where in it each starts.
 */

#include <stdbool.h>

#include <common/json.h>
#include <rog/error.h>

enum rog_trace_kind {
    ROG_TRACE_FILE,      /* a recording: a CSV file */
    ROG_TRACE_CONSTANT,  /* one rate: "constant:MBIT" */
    ROG_TRACE_DRAWN,     /* generated from the run's seed: "synth:NAME" */
    ROG_TRACE_UNLIMITED, /* no limit: "unlimited" */
};

#define ROG_TRACE_NO_LIMIT "unlimited" /* the trace, and the control of runs with it */

/* *what (may be NULL) is the text after the colon, or the whole file name. */
enum rog_trace_kind rog_trace_kind(const char *source, const char **what);

/* If only one of `control` and `trace` is given and it is unlimited, sets the other one to
 * unlimited, too. To be called before defaults are filled in. */
void rog_trace_fill_unlimited(struct rog_json *config);

/*
 * A run's `trace_start`, made into each worker's `trace_phase`, the share of its trace that it
 * starts at behind its trace_offset, by whoever is about to use them: what is recorded of repeats
 * differs in the seed alone. Workers that have one keep it.
 *   spread   n workers that would start at the same place of the same file start an n-th apart
 *   seed     the same, and everybody starts later by a share that the run's seed draws
 * config: checked settings, and "workers".
 */
int rog_trace_start_fill(struct rog_json *config, struct rog_error *err);

/* The trace of the worker of that rank, as its setting names it; "" if it has none. */
const char *rog_trace_of_rank(const struct rog_json *config, int64_t rank);
/* Whether that worker's link has a limit; a recorded run's may name no workers. */
bool rog_trace_is_limited(const struct rog_json *config, int64_t rank);
/* Whether the trace of any worker is a file. */
bool rog_trace_has_file(const struct rog_json *config);
/* ROG_EINVAL for `trace_blocks_by` without `trace_blocks`, and for a `control` that says of a limit
 * what `trace` does not. Before defaults are filled in. */
int rog_trace_check(const struct rog_json *config, struct rog_error *err);
/* Whether recordings are resampled in blocks (`trace_blocks`), and for each worker separately. */
bool rog_trace_has_blocks(const struct rog_json *config);
bool rog_trace_has_own_blocks(const struct rog_json *config);
/* Whether the seed affects the bandwidth of any worker. */
bool rog_trace_is_seeded(const struct rog_json *config);

/* Workers that start at the same place of the same file, so that their links fade at the same time:
 * the size of the largest such group, and one worker of it; 1 if there is none. */
int rog_trace_sharers(const struct rog_json *config, size_t *count, int64_t *rank,
                      struct rog_error *err);

#endif
