/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the records of two runs. */
#include <orchestrator/figures/same_run.h>

#include <math.h>

static bool same(double one, double two)
{
    return one == two || (isnan(one) && isnan(two));
}

static bool same_composition(const struct rog_composition *one, const struct rog_composition *two)
{
    return same(one->compute_s, two->compute_s) &&
           same(one->communication_s, two->communication_s) && same(one->stall_s, two->stall_s);
}

static bool same_extent(const struct rog_extent *one, const struct rog_extent *two)
{
    return one->iterations == two->iterations && same(one->seconds, two->seconds) &&
           one->bytes_pushed == two->bytes_pushed && one->bytes_pulled == two->bytes_pulled &&
           same(one->energy_j, two->energy_j);
}

static bool same_accuracy(const struct rog_accuracy *one, const struct rog_accuracy *two)
{
    bool equal = one->count == two->count;
    for (size_t i = 0; equal && i < one->count; i++)
        equal = same(one->point[i].t, two->point[i].t) &&
                one->point[i].iteration == two->point[i].iteration &&
                same(one->point[i].percent, two->point[i].percent);
    return equal;
}

bool rog_is_same_run(const struct rog_recording *one, const struct rog_recording *two)
{
    return (one->extent->iterations > 0 || one->accuracy->count > 0) &&
           same_extent(one->extent, two->extent) &&
           same_composition(one->composition, two->composition) &&
           same_accuracy(one->accuracy, two->accuracy);
}
