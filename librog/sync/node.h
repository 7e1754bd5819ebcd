/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_NODE_H
#define ROG_SYNC_NODE_H

/* What is known of a worker (rog_node_view), as it was last: at the server by what it measures and
 * by what workers report with their pushes, at a worker by what it measures of itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/strategy.h>

/* What a worker says of its last iteration; NAN what it does not know. */
struct rog_report {
    double compute_s, loss;
    double energy_j; /* taken since the run's start */
    uint32_t local_steps;
};

/* Nothing is known. */
void rog_node_init(struct rog_node_view *node);
void rog_report_init(struct rog_report *report);
/* A transmission of so many bytes of rows is over: one of none says nothing. */
void rog_node_pushed(struct rog_node_view *node, uint64_t bytes, double duration_s);
void rog_node_pulled(struct rog_node_view *node, uint64_t bytes, double duration_s);
void rog_node_reported(struct rog_node_view *node, const struct rog_report *report);
void rog_node_archive(struct rog_node_view *node, struct rog_archive *archive);

#endif
