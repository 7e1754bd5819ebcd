/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_REPORT_H
#define ROG_REPORT_REPORT_H

/* The numbers of a case side by side, before a report is written in some format. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/stats.h>
#include <orchestrator/report/comparison.h>
#include <orchestrator/report/measure.h>

/* A measure of a series. Copies of a run (repeats.h) count once. */
struct rog_report_value {
    /* The mean over runs; for time and energy to the target, the value of the series' own line, as
     * in the figure; for the worst drop, the largest of its runs. NaN: not recorded, or not
     * reached. */
    double shown;
    struct rog_measured line; /* of time and energy to the target */
    double at_s;              /* of the worst drop: its time; NaN: there is none */
    /* Over the runs that have the value; empty if some runs did not reach the target: that mean
     * would be too good. */
    struct rog_interval runs;
    size_t counted;         /* runs of the series */
    size_t known, censored; /* runs that have the value, and runs that did not reach the target */
    size_t ended;           /* runs that had ended before that time */
    double least, most;     /* over runs that have it */
    double
        /* Over known and censored runs, "not reached" being later than all; NaN if it is not a
         * number. */
        median;
};

struct rog_report {
    struct rog_case_data data;
    struct rog_measures measures;
    const struct rog_json *curves;   /* of rog_report_options */
    double target;                   /* of the case's metric; NaN: none */
    struct rog_measured *run;        /* [data.run_count * measures.count] */
    struct rog_report_value *series; /* [data.series_count * measures.count] */
    struct rog_comparison *gain;     /* [gains]: see gain.h for which pairs of series */
    size_t gains;
};

/* What it points to must live as long as the report. */
struct rog_report_options {
    bool as_published;    /* numbers computed as by the published scripts; see case_data.h */
    const char *baseline; /* baseline instead of the case's; NULL: the case's */
    const char *times;    /* of accuracies; NULL: see rog_measures_make */
    const struct rog_json *curves; /* rog_curve_settings that override the case's; or NULL */
};

/* ROG_ENOTFOUND for an unknown case, ROG_EINVAL for a baseline that it does not have, or invalid
 * times. */
int rog_report_make(struct rog_db *db, const char *case_name,
                    const struct rog_report_options *options, struct rog_report *report,
                    struct rog_error *err);
void rog_report_release(struct rog_report *report);

const struct rog_measured *rog_report_run(const struct rog_report *report, size_t run,
                                          size_t measure);
const struct rog_report_value *rog_report_series(const struct rog_report *report, size_t series,
                                                 size_t measure);

/* Returns whether `series` has the best value of all, compared with the displayed digits; false if
 * no series has a worse one. */
bool rog_report_is_best(const struct rog_report *report, size_t series, size_t measure);

/* Owned by the caller. */
struct rog_json *rog_report_json(const struct rog_report *report);

#endif
