/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_COMPARISON_H
#define ROG_REPORT_COMPARISON_H

/*
 * Gains of one series over another in each measure, and their precision: over pairs of runs with
 * the same seed, which have the same traces and batches.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/figures/stats.h>
#include <orchestrator/report/gain.h>
#include <orchestrator/report/measure.h>

enum rog_test {
    ROG_TEST_NONE,
    ROG_TEST_PERMUTATION, /* of the mean difference, if all pairs have one */
    ROG_TEST_SIGN,        /* if the target was not reached in some pairs */
};

/* A gain in one measure. All differences are positive if the first series is better. */
struct rog_gain_value {
    struct rog_interval gain;       /* points of accuracy; for time and energy, percent less */
    struct rog_interval difference; /* in the measure's unit; only over pairs */
    /* Numbers of pairs; if neither run reached the target the pair is level. */
    size_t ahead, behind, level;
    /* Number of level pairs in which neither run reached the target. */
    size_t neither;
    size_t unknown; /* number of pairs without a known result */
    bool censored;  /* some runs did not reach the target: there is no mean */
    /* Cohen's d_z: mean difference divided by its standard deviation. */
    double effect;
    enum rog_test test;
    bool exact;      /* all permutations were computed, not a random sample */
    size_t tested;   /* number of differences in the test */
    double p;        /* two-sided; NaN without a test */
    double p_holm;   /* corrected for `compared` comparisons */
    size_t compared; /* number of comparisons in this measure */
};

struct rog_comparison {
    struct rog_gain_pair pair;
    /* Pairs of runs with the same seed. With fewer than 2, a gain is the difference of the
     * displayed values of the series, which count as one pair, and nothing is tested. */
    size_t pairs;
    struct rog_gain_value value[ROG_MEASURES_MAX];
};

/* Access to measured values by run and measure, and to displayed values by series and measure. */
struct rog_compared {
    const struct rog_case_data *data;
    const struct rog_measures *measures;
    const struct rog_measured *run;
    struct rog_measured (*shown)(const void *user, size_t series, size_t measure);
    const void *user;
};

/* "ahead", "behind", "level", "neither reached" or "unknown" if all pairs are; otherwise
 * "mixed". */
const char *rog_gain_state(const struct rog_gain_value *value);

/* Makes the comparisons of all pairs of series that the case compares (gain.h); *comparisons is
 * heap memory. Pairs with `decides` are tested, and p is corrected for their number. */
int rog_comparisons_make(const struct rog_compared *compared, struct rog_comparison **comparisons,
                         size_t *count, struct rog_error *err);

#endif
