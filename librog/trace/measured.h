/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_MEASURED_H
#define ROG_TRACE_MEASURED_H

/*
 * Files of programs that measure links: iperf3's JSON, and the rows of our own probe
 * (trainer/probe). Both may have one rate per direction; a trace has one rate for both. A push and
 * a pull have about the same size, so the rate at which both together take the same time is the
 * harmonic mean; it is 0 if either rate is 0.
 */

#include <librog/trace/lines.h>
#include <librog/trace/trace.h>

#define ROG_TRACE_DIRECTIONS "up|down|both"

/* Reads the output of iperf3 --json: the sum of the streams in each interval; up is what the client
 * sent. `direction` NULL: both if both were measured, else the measured one. Errors:
 * ROG_EFORMAT. */
int rog_trace_iperf3_read(struct rog_trace_builder *builder, const char *text, size_t size,
                          const char *direction, double *end_s, struct rog_error *err);

/*
 * Reads the header "seconds,rank,up_mbps,down_mbps,probe_bytes,probe_s", then a row for each
 * measurement of a worker's link. If a rate is unknown it is empty, and the previous one holds. A
 * row of rank 0 marks the end of the recording. Time counts from the beginning of the recording,
 * not from the worker's first row, so that the traces of all workers are aligned; a worker's first
 * rates hold from the beginning.
 *
 * `direction` NULL: both. Errors are ROG_EFORMAT and refer to line lines->number.
 */
int rog_trace_probe_read(struct rog_trace_builder *builder, struct rog_text_lines *lines,
                         uint32_t rank, const char *direction, double *end_s,
                         struct rog_error *err);

#endif
