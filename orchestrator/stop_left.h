/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_STOP_LEFT_H
#define ROG_ORCHESTRATOR_STOP_LEFT_H

/* Runs that continue on their hosts although no rogctl follows them. */

#include <orchestrator/terminal/output.h>
#include <rog/error.h>

/* Stops those of a sweep (sweeps/registry.h) whose process has ended; `run_id`: only this run,
 * NULL: all. *ended is the number of runs stopped. */
int rog_stop_left(const struct rog_output *output, const struct rog_json *sweep, const char *run_id,
                  size_t *ended, struct rog_error *err);

#endif
