/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_ITERATION_H
#define ROG_EVENTS_ITERATION_H

/* The events of an iteration, for whoever drives a worker, in real or in virtual time. */

#include <librog/events/events.h>
#include <librog/events/layers.h>
#include <librog/sync/worker.h>
#include <rog/error.h>
#include <rog/iteration.h>
#include <rog/rog.h>

/* Writes ROG_EVENT_ITERATION, and ROG_EVENT_ROWS where `layers` is not NULL, of the iteration that
 * `core` has just completed. In `row` is what the driver measured, from rog_iteration_init on; what
 * the core counted is added here. core NULL: it had no part in the iteration, which has no rows. */
int rog_iteration_report(struct rog_events *events, struct rog_layers *layers,
                         const struct rog_worker *core, struct rog_iteration *row,
                         struct rog_error *err);

/* Counts an iteration that has been reported among those of a worker, as its program is told. */
void rog_iteration_count(struct rog_statistics *statistics, const struct rog_iteration *row);

#endif
