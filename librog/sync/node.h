/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_NODE_H
#define ROG_SYNC_NODE_H

/* The last known values of a worker (rog_node_view): the server has what it measures and what
 * workers report with their pushes, a worker has what it measures of itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/strategy.h>

/* What a worker reports about its last iteration; NAN if unknown. */
struct rog_report {
    double compute_s, loss;
    double energy_j; /* energy used since the run's start */
    uint32_t local_steps;
};

/* Sets all values to unknown. */
void rog_node_init(struct rog_node_view *node);
void rog_report_init(struct rog_report *report);
/* A transmission with this many bytes of rows has ended. One without rows changes nothing. */
void rog_node_pushed(struct rog_node_view *node, uint64_t bytes, double duration_s);
void rog_node_pulled(struct rog_node_view *node, uint64_t bytes, double duration_s);
void rog_node_reported(struct rog_node_view *node, const struct rog_report *report);
void rog_node_archive(struct rog_node_view *node, struct rog_archive *archive);

#endif
