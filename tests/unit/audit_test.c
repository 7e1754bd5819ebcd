/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluation of tc's counters: a replay is judged by the times in which the queue was always
 * filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <librog/trace/source.h>
#include <trainer/shape/audit.h>

#define RATE_MBPS 8.0 /* a million bytes per second */
#define PERIOD_S 0.1

/* Repeats `times` times: `busy_s` of a queue that gets `share` of the rate, then as long an idle
 * link. */
static struct rog_shape_summary judge_times(int times, double busy_s, double share)
{
    struct rog_trace *trace = NULL;
    struct rog_error err = {0};
    if (rog_trace_constant(&trace, "8", &err))
        fail_msg("%s", err.message);
    struct rog_shape_lane lane = {.device = "eth0",
                                  .handle = ROG_SHAPE_HANDLE,
                                  .direction = "egress",
                                  .trace = trace,
                                  .mbps = RATE_MBPS};
    struct rog_shape_lanes lanes = {.lane = &lane, .count = 1};
    double bytes = 0;
    int looks = (int)(busy_s / PERIOD_S + 0.5);
    for (int i = 0; i <= times * (2 * looks + 1); i++) {
        char text[128];
        bool busy = i % (2 * looks + 1) <= looks && i < times * (2 * looks + 1);
        int size = snprintf(text, sizeof text,
                            "[{\"handle\":\"726f:\",\"bytes\":%.0f,\"drops\":0,\"backlog\":%d}]",
                            bytes, busy ? 3000 : 0);
        if (rog_shape_audit_answer(NULL, &lanes, "eth0", text, (size_t)size, 1 + i * PERIOD_S,
                                   &err))
            fail_msg("%s", err.message);
        bytes += busy && i % (2 * looks + 1) < looks ? share * RATE_MBPS * 1e6 / 8 * PERIOD_S : 0;
    }
    const struct rog_shape_options options = {0};
    struct rog_shape_summary summary = {0};
    assert_int_equal(rog_shape_audit_end(&options, &lanes, &summary, &err), 0);
    rog_trace_free(trace);
    return summary;
}

static struct rog_shape_summary judge(double busy_s, double share)
{
    return judge_times(1, busy_s, share);
}

static void near(double found, double expected)
{
    if (found < expected - 1e-6 || found > expected + 1e-6)
        fail_msg("%g instead of %g", found, expected);
}

static void only_waiting_counts(void **state)
{
    (void)state;
    struct rog_shape_summary summary = judge(5, 0.9);
    near(summary.busy_s, 5);
    near(summary.error, -0.1);
    near(judge(5, 1.02).error, 0.02);
    near(judge(5, 1).error, 0);
}

static void short_times_are_not_judged(void **state)
{
    (void)state;
    struct rog_shape_summary summary = judge(0.9, 0.5);
    near(summary.busy_s, 0.9);
    assert_true(isnan(summary.error)); /* not 0: the error is unknown */
    near(judge(1.1, 0.5).error, -0.5);
    near(judge(1, 0.5).error, -0.5);
    assert_true(isnan(judge_times(3, 0, 0).error));
}

/* A small model's messages: the queue is filled at two samples, but empty for a moment in between.
 * However many there are, the replay is not judged by them. */
static void short_messages_are_not_judged(void **state)
{
    (void)state;
    struct rog_shape_summary summary = judge_times(50, 0.2, 0.7);
    near(summary.busy_s, 10);
    assert_true(isnan(summary.error));
    near(judge_times(5, 2, 0.97).error, -0.03); /* long messages are judged */
}

static void a_qdisc_that_is_gone_is_an_error(void **state)
{
    (void)state;
    struct rog_shape_lane lane = {.device = "eth0", .handle = ROG_SHAPE_HANDLE};
    struct rog_shape_lanes lanes = {.lane = &lane, .count = 1};
    struct rog_error err = {0};
    const char text[] = "[{\"handle\":\"0:\",\"bytes\":1}]";
    assert_int_equal(rog_shape_audit_answer(NULL, &lanes, "eth0", text, sizeof text - 1, 1, &err),
                     ROG_EFAILED);
    assert_non_null(strstr(err.message, "is gone"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_waiting_counts),
        cmocka_unit_test(short_times_are_not_judged),
        cmocka_unit_test(short_messages_are_not_judged),
        cmocka_unit_test(a_qdisc_that_is_gone_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
