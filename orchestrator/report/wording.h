/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_WORDING_H
#define ROG_REPORT_WORDING_H

/*
 * How numbers of a report are written in the cells of its tables, and how measures are named there.
 * Texts are heap memory, NULL without memory; "-" means unknown.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/report/report.h>

#define ROG_WORDING_ENDED "ended" /* in a cell: no value, because the run had ended */

struct rog_wording_number {
    char text[40];
};
/* A difference, with its sign. */
struct rog_wording_number rog_wording_signed(double value, int digits);

/* Returns whether values vary by more than rounding errors, so that their spread is shown. */
bool rog_wording_varies(const struct rog_interval *values);

/* A cell: of a series, of a run, of a gain, of a test's p. */
char *rog_wording_series(const struct rog_report_value *value, const struct rog_measure *measure);
char *rog_wording_measured(const struct rog_measured *measured, const struct rog_measure *measure);
char *rog_wording_gain(const struct rog_gain_value *value, const struct rog_measure *measure,
                       size_t pairs);
char *rog_wording_p(double p);

/* The name of the case's target: "64%", "0.5 nat". */
struct rog_wording_target {
    char text[ROG_METRIC_TEXT_BYTES];
};
struct rog_wording_target rog_wording_target(const struct rog_report *report);

/* "worst drop", or "worst rise" if less is better. */
const char *rog_wording_worst(const struct rog_report *report);

/* The title of a measure's column, for series and runs, and for gains; for an accuracy its time,
 * after `first`. */
char *rog_wording_title(const struct rog_report *report, size_t measure, const char *first);
char *rog_wording_gain_title(const struct rog_report *report, size_t measure, const char *first);
/* The title of a row of tests of a measure. */
char *rog_wording_test_title(const struct rog_report *report, size_t measure);

#endif
