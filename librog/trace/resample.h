/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_RESAMPLE_H
#define ROG_TRACE_RESAMPLE_H

/*
 * Resamples a recording from its own pieces, so that repeats see fades in another order than in the
 * recording: the moving block bootstrap (Kuensch, "The jackknife and the bootstrap for general
 * stationary observations", Annals of Statistics 17, 1989), with the recording treated as a circle
 * (Politis and Romano, "A circular block-resampling procedure for stationary data", 1992).
 *
 * All blocks have the same length; each begins at a uniformly random time of the recording, not
 * only at the beginning of a value, and continues at the recording's beginning if it reaches the
 * end, as any trace does. So all times of the recording are equally likely, and the distribution of
 * rates is that of the recording. Dependence on order is preserved within a block and lost between
 * blocks.
 *
 * Only + - * /, a remainder and comparisons are used: the same bytes on every machine.
 */

#include <common/rng.h>
#include <librog/trace/trace.h>
#include <rog/error.h>

/* Minimum duration of the result; it is also at least twice that of the recording, s */
#define ROG_RESAMPLE_SPAN_S 24000.0

/*
 * Draws whole blocks of `block_s` seconds, which begin `start_s` after the random times: two
 * recordings of the same length get the same times with the same `rng`, and keep their distance in
 * time. If the rest of a value is shorter than a value may be, the next value replaces it. A
 * constant rate is copied.
 *
 * Errors: ROG_EINVAL if the block is not shorter than the recording, or for more than 10,000,000
 * values; ROG_EFORMAT if all rates drawn are 0.
 */
int rog_trace_resample(struct rog_trace **trace, const struct rog_trace *recording, double start_s,
                       double block_s, struct rog_rng *rng, struct rog_error *err);

#endif
