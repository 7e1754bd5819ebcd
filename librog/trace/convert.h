/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_CONVERT_H
#define ROG_TRACE_CONVERT_H

/*
 * Other people's bandwidth recordings as traces.
 *
 *   csv       ours (trace.h)
 *   replay    a log of the published replay tool (bw_replay-N.txt): "2022-06-25 18:20:47,829 2.1"
 *             is a moment and a rate in Mbit/s; lines that do not begin with a digit are remarks
 *   recording what that tool replays (scripts/bw_records of the published tree): "12.5 80.1" is
 *             a second and a rate in Mbit/s. Worker k begins at k/6 of the rows; after the end the
 *             beginning follows
 *   mahimahi  every line is a moment (whole ms) at which a packet of 1,500 bytes gets through; the
 *             rate is the mean over pieces of half a second. The trace begins again at its last
 *             moment, as in mahimahi, so the last piece may be shorter
 *   iperf3    what `iperf3 --json` prints (measured.h)
 *   probe     what `rogctl trace record` keeps (measured.h)
 *   table     any other table: columns and units are said (table.h)
 */

#include <stddef.h>
#include <stdint.h>

#include <librog/trace/measured.h>
#include <librog/trace/table.h>
#include <librog/trace/trace.h>
#include <rog/error.h>

#define ROG_TRACE_FORMATS "csv|replay|recording|mahimahi|iperf3|probe|table"

struct rog_trace_conversion {
    const char *format;
    struct rog_trace_columns columns; /* of a table */
    uint32_t rank;         /* of a recording: whose replay; 0: from the first row on. Of a probe:
                              whose link */
    const char *direction; /* of iperf3 and a probe: ROG_TRACE_DIRECTIONS; NULL: not said */
    struct rog_trace_row_counts rows; /* out */
};

/* Reads `text`, whose rows may stand in any order, but for csv and mahimahi, which have none other
 * than that of time; `origin` names it in errors, which are ROG_EFORMAT with the line, or
 * ROG_EINVAL for a format or columns that are none. */
int rog_trace_convert(struct rog_trace **trace, struct rog_trace_conversion *how, const char *text,
                      size_t size, const char *origin, struct rog_error *err);

/* Multiplies every rate; factor > 0. (The published runs replayed recordings at 0.7.) */
void rog_trace_scale(struct rog_trace *trace, double factor);

#endif
