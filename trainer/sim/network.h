/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_NETWORK_H
#define ROG_SIM_NETWORK_H

/* The built-in network as what computes for workers of a virtual cluster. */

#include <rog/error.h>
#include <rog/rog.h>
#include <trainer/run/train.h>
#include <trainer/sim/cluster.h>

/* Makes the steps of a turn, as hook `work` of a cluster does. *rule: room for the gradient's,
 * which is borrowed as it is. */
int rog_network_work(const struct rog_train *train, const struct rog_cluster_turn *turn,
                     struct rog_rule *rule, struct rog_cluster_work *work, struct rog_error *err);

#endif
