/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_TRACE_H
#define ROG_TRACE_TRACE_H

/*
 * Bandwidth over time: piecewise constant, a value (Mbit/s) holds until the next one, and after its
 * end a trace begins again. A rate of 0 lets nothing through; a trace that is 0 for ever, or has
 * less than 1 bit/s in the mean, is refused when it is opened, and so are values that hold for less
 * than 0.1 ms. A link without a limit has no trace: of NULL the rate is infinite, and any number of
 * bits is through at once.
 *
 * As a file it is CSV: the line "seconds,mbps", then one row a value with strictly increasing
 * times; time counts from the first row. The last value holds for as long as the one before it (a
 * file of one row is a constant rate). What lines.h lets through, a row may have.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_TRACE_STEP_MIN_S 1e-4 /* a value holds for at least so long */

struct rog_trace {
    uint32_t count;  /* values, > 0; 1: a constant rate */
    double *start_s; /* [count] increasing, start_s[0] = 0 */
    double *mbps;    /* [count] >= 0 */
    double span_s;   /* > start_s[count - 1]; the trace repeats after it (unused if count is 1) */
    double period_bits; /* what gets through in one span, > 0 */
};

void rog_trace_free(struct rog_trace *trace);
/* Puts `mbps` > 0 in the place of every rate of 0; not of NULL. */
void rog_trace_lift_zeros(struct rog_trace *trace, double mbps);
/*
 * From values one by one. Zero-initialize; add in order of time; end makes the trace, in which time
 * counts from the first value and the last one holds for as long as the one before it, or until
 * end_s where that is not 0. Release in any case.
 * Errors: ROG_EFORMAT for a value that breaks the rules, an end before it, or nothing but zeros.
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

/* From the text of a CSV file; `origin` names it in errors. */
int rog_trace_parse(struct rog_trace **trace, const char *text, size_t size, const char *origin,
                    struct rog_error *err);

/* One rate for ever: a number of Mbit/s > 0 as text. ROG_EINVAL for what is none. */
int rog_trace_constant(struct rog_trace **trace, const char *text, struct rog_error *err);

/* Writes the CSV file. Its last row repeats the last value so that reading it back gives the same
 * span. */
int rog_trace_write(const struct rog_trace *trace, const char *path, struct rog_error *err);

/* All of these take NULL, too. */

/* The trace's time at the beginning of a run that starts offset_s behind a share `phase` of it. */
double rog_trace_start_s(const struct rog_trace *trace, double offset_s, double phase);

/* Mbit/s at time t_s >= 0. */
double rog_trace_rate(const struct rog_trace *trace, double t_s);

/* The next moment after t_s at which a value begins; infinity for a constant rate. */
double rog_trace_next_change(const struct rog_trace *trace, double t_s);

/* The moment at which `bits` bits are through when sending begins at t_s: exact, by adding up whole
 * values, not by stepping. */
double rog_trace_finish(const struct rog_trace *trace, double t_s, double bits);

/* Bits that get through from begin_s to end_s; 0 when that is not later. */
double rog_trace_bits(const struct rog_trace *trace, double begin_s, double end_s);

#endif
