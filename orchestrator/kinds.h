/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_KINDS_H
#define ROG_ORCHESTRATOR_KINDS_H

/* The available kinds of cluster. */

#include <orchestrator/conf/cluster_kind.h>

/* Ends in NULL. */
extern const struct rog_cluster_kind *const rog_cluster_kinds[];

#endif
