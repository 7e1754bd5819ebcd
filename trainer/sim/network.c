/* SPDX-License-Identifier: Apache-2.0 */
/* Local steps of workers with the built-in network. */
#include <trainer/sim/network.h>

#include <trainer/run/exchange.h>

int rog_network_work(const struct rog_train *train, const struct rog_cluster_turn *turn,
                     struct rog_rule *rule, struct rog_cluster_work *work, struct rog_error *err)
{
    const struct rog_arch *arch = train->arch;
    const float *flat = NULL;
    if (train->parts.contribution.kind == ROG_CONTRIBUTION_DELTA)
        return rog_learner_steps(train->learner, turn->worker, turn->iteration, turn->steps,
                                 turn->params, &work->loss, err);
    int code = rog_learner_gradients(train->learner, turn->worker, turn->steps, turn->params, &flat,
                                     &work->loss, err);
    for (uint32_t i = 0; i < arch->tensor_count && !code; i++)
        work->gradients[i] = flat + arch->tensors[i].offset;
    *rule = rog_exchange_rule(train->config, turn->iteration);
    work->rules = rule;
    return code;
}
