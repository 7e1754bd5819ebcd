/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_LAYERS_H
#define ROG_EVENTS_LAYERS_H

/*
 * Which layers' rows were sent: the tensors of a layer ("stages.0.norm.weight" and ".bias" are of
 * "stages.0.norm") counted together, and the event that says how many of each layer's rows were in
 * an iteration's push and pull.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <librog/events/events.h>
#include <librog/sync/rows.h>
#include <librog/sync/worker.h>
#include <rog/error.h>

struct rog_layers;

/* By the names that `rows`, which is borrowed, has of its tensors; a layer's tensors follow each
 * other, and one without a name is a layer of its own. ROG_ENOMEM. */
int rog_layers_new(struct rog_layers **layers, const struct rog_rows *rows, struct rog_error *err);
void rog_layers_free(struct rog_layers *layers); /* NULL is no error */

/* [["stages.0.norm", 2], ...]: names and rows in order, owned by the caller; NULL when memory ran
 * out. */
struct rog_json *rog_layers_json(const struct rog_layers *layers);

/* Writes the event ROG_EVENT_ROWS of the iteration that the worker has just completed; nothing
 * where its push and its pull had every row. */
int rog_layers_report(struct rog_layers *layers, struct rog_events *events, double t_s,
                      int64_t rank, uint32_t iteration, const struct rog_worker *worker,
                      struct rog_error *err);

#endif
