/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_TRACE_H
#define ROG_TRACE_TRACE_H

/*
 * Bandwidth over time: piecewise constant, a value (Mbit/s) holds until the next one, and after its
 * end a trace repeats. A rate of 0 transmits nothing; a trace that is always 0, or has a mean of
 * less than 1 bit/s, is rejected when it is opened, and so are values that hold for less than 0.1
 * ms. A link without a limit has no trace: NULL has an infinite rate, and transmits any number of
 * bits at once.
 *
 * As a file it is CSV: the line "seconds,mbps", then one row per value with strictly increasing
 * times; time counts from the first row. The last value holds for as long as the previous one (a
 * file of one row is a constant rate). Rows may have everything that lines.h allows.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_TRACE_STEP_MIN_S 1e-4 /* minimum duration of a value, s */

struct rog_trace {
    uint32_t count;  /* values, > 0; 1: a constant rate */
    double *start_s; /* [count] increasing, start_s[0] = 0 */
    double *mbps;    /* [count] >= 0 */
    double span_s;   /* > start_s[count - 1]; the trace repeats after it (unused if count is 1) */
    double period_bits; /* bits transmitted in one span, > 0 */
};

void rog_trace_free(struct rog_trace *trace);
/* Replaces every rate of 0 by `mbps` > 0; the trace must not be NULL. */
void rog_trace_lift_zeros(struct rog_trace *trace, double mbps);
/*
 * Builds a trace from values. Initialize with zeros; add values in order of time;
 * rog_trace_builder_end makes the trace, in which time counts from the first value. The last value
 * holds until end_s or, if that is 0, for as long as the previous one. Release in any case.
 *
 * Errors: ROG_EFORMAT for a value that breaks the rules, an end before it, or only zeros.
 */
struct rog_trace_builder {
    double *start_s, *mbps;
    uint32_t count, room;
};
int rog_trace_builder_add(struct rog_trace_builder *builder, double start_s, double mbps,
                          struct rog_error *err);
int rog_trace_builder_end(struct rog_trace_builder *builder, double end_s, struct rog_trace **trace,
                          struct rog_error *err);
void rog_trace_builder_release(struct rog_trace_builder *builder);

/* Reads a trace from the text of a CSV file; `origin` names it in errors. */
int rog_trace_parse(struct rog_trace **trace, const char *text, size_t size, const char *origin,
                    struct rog_error *err);

/* Makes a trace of one constant rate: a number of Mbit/s > 0 as text. ROG_EINVAL: it is not. */
int rog_trace_constant(struct rog_trace **trace, const char *text, struct rog_error *err);

/* Writes the CSV file. Its last row repeats the last value so that reading it back gives the same
 * span. */
int rog_trace_write(const struct rog_trace *trace, const char *path, struct rog_error *err);

/* All of these functions accept NULL, too. */

/* Returns the trace's time at the beginning of a run that starts offset_s after the share `phase`
 * of it. */
double rog_trace_start_s(const struct rog_trace *trace, double offset_s, double phase);

/* Returns Mbit/s at time t_s >= 0. */
double rog_trace_rate(const struct rog_trace *trace, double t_s);

/* Returns the next time after t_s at which a value begins; infinity for a constant rate. */
double rog_trace_next_change(const struct rog_trace *trace, double t_s);

/* Returns the time at which `bits` bits have been transmitted if sending begins at t_s. Exact: sums
 * whole values instead of stepping. */
double rog_trace_finish(const struct rog_trace *trace, double t_s, double bits);

/* Returns the bits transmitted from begin_s to end_s; 0 if end_s is not later. */
double rog_trace_bits(const struct rog_trace *trace, double begin_s, double end_s);

#endif
