/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a learning rule into the constants of the kernels. */
#include <librog/sync/rule.h>

#include <math.h>

struct rog_kernel_step rog_rule_step(const struct rog_rule *rule)
{
    bool block = rule->kind == ROG_RULE_BLOCK;
    return (struct rog_kernel_step){
        .learning_rate = (float)rule->learning_rate,
        .momentum = (float)rule->momentum,
        .weight_decay = block ? (float)(rule->weight_decay / (1 - rule->momentum)) : 0,
        .coupled_decay = block ? 0 : (float)rule->weight_decay,
        .heavy_ball = rule->kind == ROG_RULE_HEAVY_BALL,
    };
}

int rog_rule_check(const struct rog_rule *rule, struct rog_error *err)
{
    if (rule->kind != ROG_RULE_BLOCK && rule->kind != ROG_RULE_NESTEROV &&
        rule->kind != ROG_RULE_HEAVY_BALL)
        return rog_fail(err, ROG_EINVAL, "a rule of unknown kind %d", (int)rule->kind);
    /* Check the floats that the kernels use, not the doubles. */
    const struct rog_kernel_step step = rog_rule_step(rule);
    if (!(rule->learning_rate >= 0) || !isfinite(step.learning_rate))
        return rog_fail(
            err, ROG_EINVAL,
            "the learning rate is %g: it must be a number of at least 0 that a float can hold",
            rule->learning_rate);
    if (!(rule->momentum >= 0 && step.momentum < 1))
        return rog_fail(err, ROG_EINVAL,
                        "the momentum is %.12g: it must be in [0, 1), also as a float",
                        rule->momentum);
    if (!(rule->weight_decay >= 0) || !isfinite(step.weight_decay) || !isfinite(step.coupled_decay))
        return rog_fail(err, ROG_EINVAL,
                        "the weight decay is %g: it must be a number of at least 0 that a float "
                        "can hold, also divided by 1 - momentum",
                        rule->weight_decay);
    return 0;
}
