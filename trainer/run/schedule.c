/* SPDX-License-Identifier: Apache-2.0 */
/* Computes when the next checkpoint is due. */
#include <trainer/run/schedule.h>

#include <math.h>

void rog_schedule_init(struct rog_schedule *schedule, double period_s, uint32_t count,
                       double growth)
{
    *schedule = (struct rog_schedule){.period_s = period_s, .growth = growth, .count = count};
}

void rog_schedule_advance(struct rog_schedule *schedule)
{
    schedule->last_s = schedule->next_s;
    if (++schedule->taken % schedule->count == 0)
        schedule->period_s *= schedule->growth;
    /* Slightly more, so that a multiple just below the integer because of rounding counts as
     * reached. */
    double multiple = floor(schedule->last_s / schedule->period_s + 1e-9);
    schedule->next_s = (multiple + 1) * schedule->period_s;
}
