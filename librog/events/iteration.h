/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_ITERATION_H
#define ROG_EVENTS_ITERATION_H

/* The events of an iteration, for drivers of workers in real and in virtual time. */

#include <librog/events/events.h>
#include <librog/events/layers.h>
#include <librog/sync/worker.h>
#include <rog/error.h>
#include <rog/iteration.h>
#include <rog/rog.h>

/* Writes ROG_EVENT_ITERATION, and ROG_EVENT_ROWS unless `layers` is NULL, for the iteration that
 * `core` has just completed. The driver has initialized `row` with rog_iteration_init and filled in
 * what it measured; the counts of the core are added here. core NULL: it took no part in the
 * iteration, which has no rows. */
int rog_iteration_report(struct rog_events *events, struct rog_layers *layers,
                         const struct rog_worker *core, struct rog_iteration *row,
                         struct rog_error *err);

/* Adds a reported iteration to the statistics that the worker's program gets. */
void rog_iteration_count(struct rog_statistics *statistics, const struct rog_iteration *row);

#endif
