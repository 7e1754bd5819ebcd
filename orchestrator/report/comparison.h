/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_COMPARISON_H
#define ROG_REPORT_COMPARISON_H

/*
 * What one series gains over another in each measure, and how sure that is: over pairs of runs of
 * one seed, which have the same traces and batches.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/figures/stats.h>
#include <orchestrator/report/gain.h>
#include <orchestrator/report/measure.h>

enum rog_test {
    ROG_TEST_NONE,
    ROG_TEST_PERMUTATION, /* of the mean difference: where all pairs have one */
    ROG_TEST_SIGN,        /* where the target was not reached in some pairs */
};

/* In one measure. All differences are positive where the first series is better. */
struct rog_gain_value {
    struct rog_interval gain;       /* points of accuracy; of time and energy percent less */
    struct rog_interval difference; /* in the measure's unit; only over pairs */
    size_t ahead, behind, level;    /* pairs; where neither reached the target they are level */
    size_t neither;                 /* of the level ones: those in which neither reached it */
    size_t unknown;                 /* pairs of which that is not known */
    bool censored;                  /* the target was not reached in some: there is no mean */
    double effect;                  /* Cohen's d_z: mean difference by its standard deviation */
    enum rog_test test;
    bool exact;      /* not drawn at random */
    size_t tested;   /* differences that the test is over */
    double p;        /* two-sided; NaN without a test */
    double p_holm;   /* corrected for `compared` comparisons */
    size_t compared; /* in this measure */
};

struct rog_comparison {
    struct rog_gain_pair pair;
    size_t pairs; /* of runs of one seed; below 2 a gain is the difference of what is shown of the
                     series, which are the one pair that is counted, and nothing is tested */
    struct rog_gain_value value[ROG_MEASURES_MAX];
};

/* What is measured, by run and measure, and what is shown, by series and measure. */
struct rog_compared {
    const struct rog_case_data *data;
    const struct rog_measures *measures;
    const struct rog_measured *run;
    struct rog_measured (*shown)(const void *user, size_t series, size_t measure);
    const void *user;
};

/* "ahead", "behind", "level", "neither reached" or "unknown" where all pairs are; else "mixed". */
const char *rog_gain_state(const struct rog_gain_value *value);

/* All pairs of series that the case compares (gain.h); *comparisons is heap memory. Those that
 * decide are tested, and corrected for each other. */
int rog_comparisons_make(const struct rog_compared *compared, struct rog_comparison **comparisons,
                         size_t *count, struct rog_error *err);

#endif
