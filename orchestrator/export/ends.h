/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_ENDS_H
#define ROG_EXPORT_ENDS_H

/* Numbers of a whole run, for programs that compare runs. */

#include <common/json.h>
#include <orchestrator/report/report.h>

/* Calls visit for each number of the run's summary (as in `rogctl show --json`) by which runs are
 * compared, and for time and energy to the case's target as in its report: "summary/stall_s",
 * "summary/seconds_to_target"; if the target was not reached, with the end of the run:
 * "summary/seconds_to_target_beyond". `index` is the run's in the report. */
void rog_ends_each(const struct rog_json *summary, const struct rog_report *report, size_t index,
                   void (*visit)(void *user, const char *key, double value), void *user);

#endif
