/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_LAYERS_H
#define ROG_EVENTS_LAYERS_H

/*
 * The rows sent of each layer: the tensors of a layer ("stages.0.norm.weight" and ".bias" belong to
 * "stages.0.norm") are counted together, and an event has the number of each layer's rows in the
 * push and pull of an iteration.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <librog/events/events.h>
#include <librog/sync/rows.h>
#include <librog/sync/worker.h>
#include <rog/error.h>

struct rog_layers;

/* Forms layers by the names of the tensors in `rows`, which is borrowed. The tensors of a layer
 * must be adjacent; a tensor without a name is its own layer. ROG_ENOMEM. */
int rog_layers_new(struct rog_layers **layers, const struct rog_rows *rows, struct rog_error *err);
void rog_layers_free(struct rog_layers *layers); /* no effect on NULL */

/* Returns [["stages.0.norm", 2], ...]: names and rows in order, owned by the caller; NULL if out of
 * memory. */
struct rog_json *rog_layers_json(const struct rog_layers *layers);

/* Writes the event ROG_EVENT_ROWS of the iteration that the worker has just completed, unless push
 * and pull had all rows. */
int rog_layers_report(struct rog_layers *layers, struct rog_events *events, double t_s,
                      int64_t rank, uint32_t iteration, const struct rog_worker *worker,
                      struct rog_error *err);

#endif
