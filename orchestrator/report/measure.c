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

/* Where the straight lines between checkpoints first reach the target: its time and energy. */
static void reach_target(const struct rog_case_run *run, double target, double *seconds,
                         double *joules)
{
    const struct rog_accuracy_point *p = run->accuracy.point;
    *seconds = *joules = (double)NAN;
    size_t i = 0;
    while (i < run->accuracy.count && p[i].percent < target)
        i++;
    if (i == run->accuracy.count)
        return;
    *seconds = p[i].t;
    *joules = run->joules[i];
    if (i > 0) {
        double share = (target - p[i - 1].percent) / (p[i].percent - p[i - 1].percent);
        *seconds = p[i - 1].t + share * (p[i].t - p[i - 1].t);
        *joules = run->joules[i - 1] + share * (run->joules[i] - run->joules[i - 1]);
    }
}

void rog_measure_run(const struct rog_case_run *run, bool as_published, double target,
                     double value[ROG_MEASURES])
{
    const struct rog_composition *composition =
        as_published ? &run->as_published : &run->composition;
    size_t points = run->accuracy.count;
    value[ROG_MEASURE_AT_1800] = rog_accuracy_at(&run->accuracy, 1800);
    value[ROG_MEASURE_AT_3600] = rog_accuracy_at(&run->accuracy, 3600);
    value[ROG_MEASURE_AT_5400] = rog_accuracy_at(&run->accuracy, 5400);
    value[ROG_MEASURE_AT_END] = points ? run->accuracy.point[points - 1].percent : (double)NAN;
    reach_target(run, target, &value[ROG_MEASURE_SECONDS_TO_TARGET],
                 &value[ROG_MEASURE_JOULES_TO_TARGET]);
    value[ROG_MEASURE_COMPUTE_S] = composition->compute_s;
    value[ROG_MEASURE_COMMUNICATION_S] = composition->communication_s;
    value[ROG_MEASURE_STALL_S] = composition->stall_s;
}
