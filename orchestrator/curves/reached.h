/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_REACHED_H
#define ROG_CURVES_REACHED_H

/*
 * Where a drawn line reaches a target: one rule for tables, figures, gains and exports.
 *
 * A line is the straight lines between its points. It reaches the target at its first crossing from
 * below (or at its first point, if that is not below) from which on it stays at or above the target
 * for `sustain` checkpoints, or to its end. Checkpoints are counted along `place`, so that a line
 * reaches the target at the same place whatever it is drawn against. If less is better, the
 * directions are reversed. Without a target (NaN) the result is unknown.
 */

#include <orchestrator/curves/line.h>

enum rog_reached_state {
    ROG_REACHED_UNKNOWN, /* too little is recorded */
    ROG_REACHED_NOT,     /* not within the observed range: the value is beyond `seen_to`
                          * (censored) */
    ROG_REACHED,
};

struct rog_reached {
    enum rog_reached_state state;
    double at;         /* x; NaN unless reached */
    double seen_to;    /* x where the line ends; NaN when unknown */
    double first_raw;  /* x where the measured points first reach it; NaN: never */
    double last_below; /* last x at which measured points are below it; NaN: never below; the end of
                        * the points if they end below it */
};

/* The state, `at` and `seen_to` of the drawn line. */
struct rog_reached rog_reached_of(const struct rog_line *line, double target, double sustain);
/* Adds how much the result depends on smoothing and on the rule: `first_raw` and `last_below` of
 * the measured points, combined with those of other runs (earliest and latest). */
void rog_reached_widen(struct rog_reached *reached, const struct rog_line *measured, double target);

#endif
