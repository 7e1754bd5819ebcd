/* SPDX-License-Identifier: Apache-2.0 */
/* Measures a run for a report. */
#include <orchestrator/report/measure.h>

#include <math.h>

const struct rog_measure_kind rog_measure_kinds[ROG_MEASURES] = {
    [ROG_MEASURE_AT_1800] = {"1800", "1800 s", 2, true},
    [ROG_MEASURE_AT_3600] = {"3600", "3600 s", 2, true},
    [ROG_MEASURE_AT_5400] = {"5400", "5400 s", 2, true},
    [ROG_MEASURE_AT_END] = {"end", "end", 2, true},
    [ROG_MEASURE_SECONDS_TO_TARGET] = {"seconds_to_target", "time (s)", 0, false},
    [ROG_MEASURE_JOULES_TO_TARGET] = {"joules_to_target", "energy (J)", 0, false},
    [ROG_MEASURE_COMPUTE_S] = {"compute_s", "computation", 2, false},
    [ROG_MEASURE_COMMUNICATION_S] = {"communication_s", "communication", 2, false},
    [ROG_MEASURE_STALL_S] = {"stall_s", "stall", 2, false},
};

static int accuracies(const struct rog_case_data *data, size_t run, double value[ROG_MEASURES],
                      struct rog_error *err)
{
    static const double times[ROG_ACCURACIES] = {1800, 3600, 5400, (double)INFINITY};
    int code = 0;
    for (int m = 0; m < ROG_ACCURACIES && code == 0; m++) {
        struct rog_accuracy_value at = {0};
        code = rog_case_accuracy_at(data, run, times[m], &at, err);
        value[m] = at.percent;
    }
    return code;
}

int rog_measure_target(const struct rog_case_data *data, const struct rog_case_series *series,
                       struct rog_curve_reached reached[ROG_TO_TARGETS], struct rog_error *err)
{
    int code =
        rog_case_reached(data, series, ROG_QUANTITY_SECONDS, &reached[ROG_TO_TARGET_SECONDS], err);
    return code ? code
                : rog_case_reached(data, series, ROG_QUANTITY_JOULES,
                                   &reached[ROG_TO_TARGET_JOULES], err);
}

int rog_measure_run(const struct rog_case_data *data, size_t run, bool as_published,
                    double value[ROG_MEASURES], struct rog_curve_reached reached[ROG_TO_TARGETS],
                    struct rog_error *err)
{
    const struct rog_composition *composition =
        as_published ? &data->run[run].as_published : &data->run[run].composition;
    const struct rog_case_series alone = rog_curve_single(&run);
    int code = accuracies(data, run, value, err);
    if (code == 0)
        code = rog_measure_target(data, &alone, reached, err);
    if (code < 0)
        return code;
    value[ROG_MEASURE_SECONDS_TO_TARGET] = reached[ROG_TO_TARGET_SECONDS].line.at;
    value[ROG_MEASURE_JOULES_TO_TARGET] = reached[ROG_TO_TARGET_JOULES].line.at;
    value[ROG_MEASURE_COMPUTE_S] = composition->compute_s;
    value[ROG_MEASURE_COMMUNICATION_S] = composition->communication_s;
    value[ROG_MEASURE_STALL_S] = composition->stall_s;
    return 0;
}
