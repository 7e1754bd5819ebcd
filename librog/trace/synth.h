/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_SYNTH_H
#define ROG_TRACE_SYNTH_H

/*
 * Generates bandwidth traces like the recorded ones from a seed. The steps are those in which the
 * recordings were made:
 *
 *  1. A robot drives through a place where its link is occluded (0-5 Mbit/s) or clear (50-150) and
 *     samples it. The visibility of the access point drifts: a latent level, a second-order
 *     autoregressive process (two first-order ones in series) plus a little noise from sample to
 *     sample.
 *  2. The samples are replayed to a worker: each is held for 0.54 s or, half of the time, for 10-90
 *     s (the replay pauses), uniformly drawn.
 *  3. The level's rank within the trace, weighted with holding times, is mapped by the inverse of
 *     the bandwidth's distribution. So every trace spends the same share of its time at every rate,
 *     and only the order is random: four workers over 24,000 s show the statistics of the
 *     recordings with any seed, not just on average. Occlusion follows from the distribution, which
 *     has almost nothing between 15 and 50 Mbit/s.
 *
 * "outdoors": the distribution is that of the four recorded traces of the published outdoor runs (a
 * table of quantiles); the process is fitted to their autocorrelation and to how often they go in
 * and out of occlusion. Mean 53.8 Mbit/s, standard deviation 55, percentiles 5/25/50/75/95
 * 0.56/2.9/34/95/152, 8.5% of the time below 1 and 35% below 5 Mbit/s. "indoors": made from the
 * description in the publication: the mean is 93/73 of the outdoor mean and deep fades are rarer.
 * The same distribution with less time occluded (below 5 Mbit/s) has both; the share that gives
 * this mean is 16% instead of 35%. The recording itself is public (scripts/bw_records/indoors.txt
 * of the published tree) and can be replayed (convert.h, "recording"); this one is not fitted to
 * it.
 *
 * Only + - * /, a square root and comparisons are used: the same bytes on every machine.
 */

#include <stdint.h>

#include <librog/trace/trace.h>
#include <rog/error.h>

#define ROG_SYNTH_SPAN_S 24000.0

/* Generates the trace of worker `rank`, ROG_SYNTH_SPAN_S long. ROG_EINVAL: unknown name; the
 * message lists the known ones. */
int rog_trace_synth(struct rog_trace **trace, const char *name, uint32_t rank, uint64_t seed,
                    struct rog_error *err);

#endif
