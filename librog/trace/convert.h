/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_CONVERT_H
#define ROG_TRACE_CONVERT_H

/*
 * Bandwidth recordings of other programs, converted to traces.
 *
 *   csv       our own format (trace.h)
 *   replay    a log of the published replay tool (bw_replay-N.txt): "2022-06-25 18:20:47,829 2.1"
 *             is a time and a rate in Mbit/s; lines that do not begin with a digit are comments
 *   recording the input of that tool (scripts/bw_records of the published tree): "12.5 80.1" is
 *             a time in seconds and a rate in Mbit/s. Worker k begins at k/6 of the rows; the end
 *             is followed by the beginning
 *   mahimahi  every line is the time (whole ms) at which a packet of 1,500 bytes is delivered; the
 *             rate is the mean over pieces of half a second. The trace repeats after its last time,
 *             as in mahimahi, so the last piece may be shorter
 *   iperf3    the output of `iperf3 --json` (measured.h)
 *   probe     the file of `rogctl trace record` (measured.h)
 *   table     any other table, with given columns and units (table.h)
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
    struct rog_trace_columns columns; /* for format table */
    uint32_t rank;         /* for a recording: the worker that replays it; 0: from the first row on.
                              For a probe: the worker of the link */
    const char *direction; /* for iperf3 and probe: one of ROG_TRACE_DIRECTIONS; NULL: not given */
    struct rog_trace_row_counts rows; /* out */
};

/* Reads `text`. Its rows may be in any order, except in csv and mahimahi, which must be in order of
 * time. `origin` names it in errors: ROG_EFORMAT with the line, or ROG_EINVAL for an unknown format
 * or invalid columns. */
int rog_trace_convert(struct rog_trace **trace, struct rog_trace_conversion *how, const char *text,
                      size_t size, const char *origin, struct rog_error *err);

/* Multiplies every rate; factor > 0. (The published runs replayed recordings at 0.7.) */
void rog_trace_scale(struct rog_trace *trace, double factor);

#endif
