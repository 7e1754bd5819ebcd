/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_TRACE_NAME_H
#define ROG_COMMON_TRACE_NAME_H

/*
 * The setting `trace` of a run's workers, without opening any file: the source of the bandwidth,
 * which workers share a recording, and where in it each starts.
 */

#include <stdbool.h>

#include <common/json.h>
#include <rog/error.h>

enum rog_trace_kind {
    ROG_TRACE_FILE,      /* a recording in a CSV file */
    ROG_TRACE_CONSTANT,  /* one rate: "constant:MBIT" */
    ROG_TRACE_DRAWN,     /* generated from the run's seed: "synth:NAME" */
    ROG_TRACE_UNLIMITED, /* no limit: "unlimited" */
};

#define ROG_TRACE_NO_LIMIT "unlimited" /* also the value of `control` for runs with it */

/* Returns the kind; *what (`what` may be NULL) is the text after the colon, or the whole file
 * name. */
enum rog_trace_kind rog_trace_kind(const char *source, const char **what);

/* If only one of `control` and `trace` is given and it is unlimited, sets the other one to
 * unlimited, too. Call this before defaults are filled in. */
void rog_trace_fill_unlimited(struct rog_json *config);

/*
 * Computes each worker's `trace_phase` from a run's `trace_start`: the share of its trace, after
 * its trace_offset, at which it starts. Call this right before the phases are used, so that
 * recorded configurations of repeats differ only in the seed. Workers that already have a phase
 * keep it.
 *   spread   n workers that would start at the same position of the same file start 1/n apart
 *   seed     the same, and all workers start later by a random share that depends on the run's seed
 * config: checked settings, and "workers".
 */
int rog_trace_start_fill(struct rog_json *config, struct rog_error *err);

/* Returns the trace in the setting of the worker with that rank; "" if it has none. */
const char *rog_trace_of_rank(const struct rog_json *config, int64_t rank);
/* Returns whether that worker's link has a limit; the configuration of a recorded run may lack
 * workers. */
bool rog_trace_is_limited(const struct rog_json *config, int64_t rank);
/* Returns whether the trace of any worker is a file. */
bool rog_trace_has_file(const struct rog_json *config);
/* ROG_EINVAL: `trace_blocks_by` is given without `trace_blocks`, or `control` contradicts `trace`
 * about having a limit. Call this before defaults are filled in. */
int rog_trace_check(const struct rog_json *config, struct rog_error *err);
/* Return whether recordings are resampled in blocks (`trace_blocks`), and for each worker
 * separately. */
bool rog_trace_has_blocks(const struct rog_json *config);
bool rog_trace_has_own_blocks(const struct rog_json *config);
/* Returns whether the seed affects the bandwidth of any worker. */
bool rog_trace_is_seeded(const struct rog_json *config);

/* Finds workers that start at the same position of the same file, so that their links fade at the
 * same time: the size of the largest such group, and one worker of it; 1 if there is none. */
int rog_trace_sharers(const struct rog_json *config, size_t *count, int64_t *rank,
                      struct rog_error *err);

#endif
