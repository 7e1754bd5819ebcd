/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_MEASURED_H
#define ROG_TRACE_MEASURED_H

/*
 * What programs that measure links have written: iperf3's JSON, and our own probe's rows
 * (trainer/probe). Both may have a rate for each direction; a trace has one for both. A push and a
 * pull are of about the same size, so that the rate under which the two take together as long as
 * they do is the harmonic mean: 0 where either is 0.
 */

#include <librog/trace/lines.h>
#include <librog/trace/trace.h>

#define ROG_TRACE_DIRECTIONS "up|down|both"

/* iperf3 --json: the sum of the streams in each interval; up is what the client sent. `direction`
 * NULL: both where both were measured, else the one that was. Errors: ROG_EFORMAT. */
int rog_trace_iperf3_read(struct rog_trace_builder *builder, const char *text, size_t size,
                          const char *direction, double *end_s, struct rog_error *err);

/*
 * The header "seconds,rank,up_mbps,down_mbps,probe_bytes,probe_s", then a row for each look at a
 * worker's link; a rate that was not told is empty, and the one before holds. A row of rank 0 says
 * when the recording ended. Time counts from the recording's beginning, not from the worker's first
 * row, so that the traces of all workers belong together: its first rates hold from there on.
 * `direction` NULL: both. Errors are ROG_EFORMAT of the line lines->number.
 */
int rog_trace_probe_read(struct rog_trace_builder *builder, struct rog_text_lines *lines,
                         uint32_t rank, const char *direction, double *end_s,
                         struct rog_error *err);

#endif
