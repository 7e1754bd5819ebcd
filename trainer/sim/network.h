/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_NETWORK_H
#define ROG_SIM_NETWORK_H

/* Computes the local steps of workers of a virtual cluster with the built-in network. */

#include <rog/error.h>
#include <rog/rog.h>
#include <trainer/run/train.h>
#include <trainer/sim/cluster.h>

/* Computes the steps of a turn, like hook `work` of a cluster. *rule: memory for the gradient's
 * rule, which the result borrows. */
int rog_network_work(const struct rog_train *train, const struct rog_cluster_turn *turn,
                     struct rog_rule *rule, struct rog_cluster_work *work, struct rog_error *err);

#endif
