/* SPDX-License-Identifier: Apache-2.0 */

/* How rules are prepared for the kernels, and which rules are rejected. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/rule.h>

static void test_kinds(void **state)
{
    (void)state;
    struct rog_rule rule = {0.03, 0.9, 5e-4, ROG_RULE_BLOCK};
    struct rog_kernel_step step = rog_rule_step(&rule);
    assert_true(step.learning_rate == 0.03f && step.momentum == 0.9f);
    assert_true(step.weight_decay == (float)(5e-4 / (1 - 0.9)));
    assert_true(step.coupled_decay == 0 && !step.heavy_ball);

    rule.kind = ROG_RULE_NESTEROV;
    step = rog_rule_step(&rule);
    assert_true(step.weight_decay == 0 && step.coupled_decay == 5e-4f && !step.heavy_ball);

    rule.kind = ROG_RULE_HEAVY_BALL;
    step = rog_rule_step(&rule);
    assert_true(step.weight_decay == 0 && step.coupled_decay == 5e-4f && step.heavy_ball);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct rog_rule rule;
        const char *cause;
    } bads[] = {
        {{-1, 0, 0, ROG_RULE_BLOCK}, "the learning rate is -1"},
        {{NAN, 0, 0, ROG_RULE_BLOCK}, "the learning rate is"},
        {{1e300, 0, 0, ROG_RULE_BLOCK}, "the learning rate is 1e+300"},
        {{1e39, 0, 0, ROG_RULE_BLOCK},
         "the learning rate is 1e+39: it must be a number of at least 0 that a float can hold"},
        {{1, 1, 0, ROG_RULE_BLOCK}, "the momentum is 1"},
        {{1, 0.99999999, 0, ROG_RULE_BLOCK}, "the momentum is 0.99999999"},
        {{1, 0.999999, 1e35, ROG_RULE_BLOCK}, "the weight decay is 1e+35"},
        {{1, 0, 1e39, ROG_RULE_NESTEROV}, "the weight decay is 1e+39"},
        {{1, -0.1, 0, ROG_RULE_NESTEROV}, "the momentum is -0.1"},
        {{1, 0, -1, ROG_RULE_NESTEROV}, "the weight decay is -1"},
        {{1, 0, INFINITY, ROG_RULE_HEAVY_BALL}, "the weight decay is inf"},
        {{1, 0, 0, (enum rog_rule_kind)3}, "unknown kind 3"},
    };
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct rog_error err = {0};
        assert_int_equal(rog_rule_check(&bads[i].rule, &err), ROG_EINVAL);
        if (!strstr(err.message, bads[i].cause))
            fail_msg("\"%s\" does not say \"%s\"", err.message, bads[i].cause);
    }
    const struct rog_rule good = {0, 0, 0, ROG_RULE_BLOCK};
    assert_int_equal(rog_rule_check(&good, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
