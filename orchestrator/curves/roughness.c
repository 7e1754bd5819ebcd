/* SPDX-License-Identifier: Apache-2.0 */
/* Computes the spread of differences between successive checkpoints. */
#include <orchestrator/curves/roughness.h>

#include <math.h>

static double step(const struct rog_line *line, size_t i)
{
    return line->y[i + 1] - line->y[i];
}

struct rog_roughness rog_roughness_of(const struct rog_line *measured)
{
    struct rog_roughness rough = {(double)NAN, (double)NAN, (double)NAN};
    size_t first = 0;
    while (first < measured->count && measured->x[first] < ROG_ROUGHNESS_FROM_S)
        first++;
    if (measured->count - first < ROG_ROUGHNESS_LEAST + 1)
        return rough;
    size_t end = measured->count - 1;
    double steps = (double)(end - first), spread = 0;
    double mean = (measured->y[end] - measured->y[first]) / steps;
    rough.worst_drop = 0;
    for (size_t i = first; i < end; i++) {
        double by = step(measured, i), worse = measured->less_is_better ? by : -by;
        spread = hypot(spread, by - mean);
        if (worse > rough.worst_drop) {
            rough.worst_drop = worse;
            rough.worst_at = measured->x[i + 1];
        }
    }
    rough.deviation = spread / sqrt(steps - 1);
    return rough;
}
