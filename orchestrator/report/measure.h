/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_MEASURE_H
#define ROG_REPORT_MEASURE_H

/* What a report says of a run: the columns of its table. */

#include <stdbool.h>

#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/curve.h>

enum rog_measure {
    ROG_MEASURE_AT_1800, /* accuracy, by the case's rule, % */
    ROG_MEASURE_AT_3600,
    ROG_MEASURE_AT_5400,
    ROG_MEASURE_AT_END,            /* at the last tested checkpoint */
    ROG_MEASURE_SECONDS_TO_TARGET, /* until the drawn line reaches the case's target */
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

/* Time and energy to the target, with what a number alone does not say: how far was looked where it
 * was not reached, and what smoothing and rule make of it. */
enum rog_to_target { ROG_TO_TARGET_SECONDS, ROG_TO_TARGET_JOULES, ROG_TO_TARGETS };

int rog_measure_target(const struct rog_case_data *data, const struct rog_case_series *series,
                       struct rog_curve_reached reached[ROG_TO_TARGETS], struct rog_error *err);

/* All measures of a run (index into data->run); NaN for what it has not recorded or not reached.
 * How accuracies and the target are read: curve.h. */
int rog_measure_run(const struct rog_case_data *data, size_t run, bool as_published,
                    double value[ROG_MEASURES], struct rog_curve_reached reached[ROG_TO_TARGETS],
                    struct rog_error *err);

#endif
