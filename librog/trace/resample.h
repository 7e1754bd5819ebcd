/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_RESAMPLE_H
#define ROG_TRACE_RESAMPLE_H

/*
 * A recording drawn anew from its own pieces, so that repeats see other fades than those of the
 * recording in its order: the moving block bootstrap (Kuensch, "The jackknife and the bootstrap for
 * general stationary observations", Annals of Statistics 17, 1989), with the recording bent to a
 * circle (Politis and Romano, "A circular block-resampling procedure for stationary data", 1992).
 *
 * Blocks of one length follow each other; each begins at a moment of the recording that is drawn
 * uniformly, not only at the beginning of a value, and goes on at the recording's beginning where
 * it reaches the end, as any trace does. So every moment of the recording is as likely as any
 * other: the distribution of rates is the recording's. What depends on the order is kept within a
 * block and lost from one block to the next.
 *
 * Only + - * /, a remainder and comparisons are used: the same bytes on every machine.
 */

#include <common/rng.h>
#include <librog/trace/trace.h>
#include <rog/error.h>

/* What is drawn is at least so long, and at least twice as long as the recording. */
#define ROG_RESAMPLE_SPAN_S 24000.0

/*
 * Draws whole blocks of `block_s` seconds, which begin `start_s` behind the drawn moments: two
 * recordings of the same length give the same moments with the same `rng`, and those that were
 * apart stay as far apart. Where a rest of a value is shorter than a value may be, what follows
 * takes its place. A constant rate is copied.
 * Errors: ROG_EINVAL for a block that is not shorter than the recording, or for more than
 * 10,000,000 values; ROG_EFORMAT where all that was drawn is 0.
 */
int rog_trace_resample(struct rog_trace **trace, const struct rog_trace *recording, double start_s,
                       double block_s, struct rog_rng *rng, struct rog_error *err);

#endif
