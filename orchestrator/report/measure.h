/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_MEASURE_H
#define ROG_REPORT_MEASURE_H

/* What a report says of a run: the columns of its table. */

#include <stdbool.h>

#include <orchestrator/figures/case_data.h>

enum rog_measure {
    ROG_MEASURE_AT_1800, /* accuracy, linear between checkpoints, % */
    ROG_MEASURE_AT_3600,
    ROG_MEASURE_AT_5400,
    ROG_MEASURE_AT_END,            /* of the last tested checkpoint */
    ROG_MEASURE_SECONDS_TO_TARGET, /* until the accuracy first reached the case's target */
    ROG_MEASURE_JOULES_TO_TARGET,  /* mean over workers */
    ROG_MEASURE_COMPUTE_S,         /* per iteration */
    ROG_MEASURE_COMMUNICATION_S,
    ROG_MEASURE_STALL_S,
    ROG_MEASURES
};

struct rog_measure_kind {
    const char *json;  /* member; for accuracies: of "accuracy_at" */
    const char *title; /* column */
    int digits;        /* after the point */
    bool more_is_better;
};
extern const struct rog_measure_kind rog_measure_kinds[ROG_MEASURES];

#define ROG_ACCURACIES ROG_MEASURE_SECONDS_TO_TARGET /* the first measures */

/* All measures of a finished run; NaN for what it has not recorded. */
void rog_measure_run(const struct rog_case_run *run, bool as_published, double target,
                     double value[ROG_MEASURES]);

#endif
