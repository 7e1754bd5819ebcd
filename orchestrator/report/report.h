/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_REPORT_H
#define ROG_REPORT_REPORT_H

/* The numbers of a case side by side: the report's table. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <common/json.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/stats.h>
#include <orchestrator/report/measure.h>

/* One run, or the runs of a series together. What is not recorded has a mean of NaN. */
struct rog_report_line {
    struct rog_interval value[ROG_MEASURES];
    struct rog_curve_reached reached[ROG_TO_TARGETS];
};

/* The measures that gains are made of: the accuracies, time and energy to the target. */
#define ROG_GAIN_MEASURES (ROG_MEASURE_JOULES_TO_TARGET + 1)

/* What one series gains over another: accuracy in points, time and energy in percent less. NaN
 * where either is missing. Runs of one seed have the same traces and batches, so where there are
 * two such pairs or more a gain is the mean over them, with its interval; else the difference of
 * the means, without. */
struct rog_report_gain {
    size_t series, against; /* indexes into data.series */
    size_t pairs;           /* 0: difference of the means */
    struct rog_interval value[ROG_GAIN_MEASURES];
};

struct rog_report {
    struct rog_case_data data;
    bool as_published;              /* time composition as in the published table */
    double target;                  /* % */
    struct rog_report_line *run;    /* [data.run_count] */
    struct rog_report_line *series; /* [data.series_count] */
    struct rog_report_gain *gain;   /* [gains]: see gain.h for which pairs of series */
    size_t gains;
};

/* `baseline` is compared with instead of what the case says; NULL: as the case says. ROG_ENOTFOUND
 * for an unknown case, ROG_EINVAL for a baseline that it does not have. */
int rog_report_make(struct rog_db *db, const char *case_name, bool as_published,
                    const char *baseline, struct rog_report *report, struct rog_error *err);
void rog_report_release(struct rog_report *report);

/* Whether `series` has the best value of all, as far as the digits that are shown tell; not where
 * none has a worse one. */
bool rog_report_is_best(const struct rog_report *report, size_t series, enum rog_measure measure);

/* "ROG 4", or "ROG 4 (n = 3)". Heap memory, NULL when memory ran out. */
char *rog_report_label(const struct rog_report *report, size_t series);

/* "+1.12 ±0.30" points or "52.7% ±8.1"; of two pairs "+1.12 [0.90, 1.34]", their range; without
 * either where there is none; "-" for NaN. */
#define ROG_GAIN_TEXT_BYTES 64
void rog_report_gain_text(const struct rog_report_gain *gain, int measure,
                          char text[ROG_GAIN_TEXT_BYTES]);

/* Owned by the caller. */
struct rog_json *rog_report_json(const struct rog_report *report);

/* The whole report as one HTML page without outside references, with figures, configuration,
 * versions and host facts. Errors of drawing: see figures.h. */
int rog_report_html(const struct rog_report *report, struct rog_db *db, FILE *page,
                    struct rog_error *err);

#endif
