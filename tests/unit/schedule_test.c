/* SPDX-License-Identifier: Apache-2.0 */
/* When checkpoints are due, and the order of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <common/rng.h>
#include <trainer/run/schedule.h>
#include <trainer/sim/queue.h>

/* The times in accuracy.csv of the published BSP run, rounded to seconds. */
static void as_published(void **state)
{
    (void)state;
    struct rog_schedule schedule;
    rog_schedule_init(&schedule, 60, 20, 3);
    double expected = 0;
    for (int i = 0; i < 65; i++) {
        assert_true(schedule.next_s == expected);
        expected += i < 19    ? 60
                    : i == 19 ? 120
                    : i < 40  ? 180
                    : i < 59  ? 540
                    : i == 59 ? 1080
                              : 1620;
        rog_schedule_advance(&schedule);
    }
    assert_true(expected == 16200 + 1620 * 5);
}

static void the_schedule_always_advances(void **state)
{
    (void)state;
    struct rog_schedule schedule;
    rog_schedule_init(&schedule, 0.1, 3, 1.7);
    double last = schedule.next_s;
    for (int i = 0; i < 60; i++) {
        rog_schedule_advance(&schedule);
        assert_true(schedule.next_s > last);
        assert_true(schedule.next_s - last <= schedule.period_s * 1.0001);
        last = schedule.next_s;
    }
    rog_schedule_init(&schedule, 0.1, 1000000, 3);
    for (int i = 0; i < 10000; i++)
        rog_schedule_advance(&schedule);
    assert_true(schedule.next_s > 999.99 && schedule.next_s < 1000.01);
}

static void events_in_order(void **state)
{
    (void)state;
    struct rog_queue queue = {0};
    struct rog_rng rng;
    rog_rng_init(&rng, 5);
    struct rog_queue_item item, last = {0};
    uint32_t put = 0, taken = 0;
    double now_s = 0;
    while (taken < 20000) {
        if (put < 20000 && rog_rng_below(&rng, 5) < 3) {
            item =
                (struct rog_queue_item){.at = {now_s + rog_rng_below(&rng, 4), put}, .slot = put};
            put++;
            assert_int_equal(rog_queue_put(&queue, item, NULL), 0);
        } else if (rog_queue_take(&queue, &item)) {
            assert_true(item.at.t_s >= now_s);
            if (taken && item.at.t_s == last.at.t_s)
                assert_true(item.slot > last.slot);
            now_s = item.at.t_s;
            last = item;
            taken++;
        }
    }
    assert_false(rog_queue_take(&queue, &item));
    rog_queue_release(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_published),
        cmocka_unit_test(the_schedule_always_advances),
        cmocka_unit_test(events_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
