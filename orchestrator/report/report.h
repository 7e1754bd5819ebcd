/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_REPORT_H
#define ROG_REPORT_REPORT_H

/* The numbers of a case side by side: what a report holds before it is written in some form. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/stats.h>
#include <orchestrator/report/comparison.h>
#include <orchestrator/report/measure.h>

/* A measure of a series. Copies of a run (repeats.h) count once. */
struct rog_report_value {
    double shown; /* the mean over runs; of time and energy to the target what the series' own line
                     says, as the figure draws it; of the worst drop the worst of its runs. NaN: not
                     recorded, or not reached */
    struct rog_measured line; /* of time and energy to the target */
    double at_s;              /* of the worst drop: when it was; NaN: there is none */
    struct rog_interval runs; /* over the runs that have the value; without any number where some
                                 runs did not reach the target: that mean would be too good */
    size_t counted;           /* runs of the series */
    size_t known, censored;   /* of them: have it, did not reach it */
    size_t ended;             /* of them: have not run that long */
    double least, most;       /* of those that have it */
    double
        median; /* over both, "not reached" being later than all; NaN where that is not a number */
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

/* What it points to lives as long as the report. */
struct rog_report_options {
    bool as_published;    /* the numbers that the published scripts compute; see case_data.h */
    const char *baseline; /* compared with instead of what the case says; NULL: as the case says */
    const char *times;    /* of accuracies; NULL: see rog_measures_make */
    const struct rog_json *curves; /* rog_curve_settings that hold instead of the case's; or NULL */
};

/* ROG_ENOTFOUND for an unknown case, ROG_EINVAL for a baseline that it does not have, or times that
 * are none. */
int rog_report_make(struct rog_db *db, const char *case_name,
                    const struct rog_report_options *options, struct rog_report *report,
                    struct rog_error *err);
void rog_report_release(struct rog_report *report);

const struct rog_measured *rog_report_run(const struct rog_report *report, size_t run,
                                          size_t measure);
const struct rog_report_value *rog_report_series(const struct rog_report *report, size_t series,
                                                 size_t measure);

/* Whether `series` has the best value of all, as far as the digits that are shown tell; not where
 * none has a worse one. */
bool rog_report_is_best(const struct rog_report *report, size_t series, size_t measure);

/* Owned by the caller. */
struct rog_json *rog_report_json(const struct rog_report *report);

#endif
