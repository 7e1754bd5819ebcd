/* SPDX-License-Identifier: Apache-2.0 */
/* A processor that shares itself among its jobs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <trainer/sim/processor.h>

static void add(struct rog_processor *processor, double now_s, uint32_t owner, double work_s)
{
    struct rog_error err = {0};
    assert_int_equal(rog_processor_add(processor, now_s, owner, work_s, &err), 0);
}

/* The next job to be done: when, and whose. */
static void expect(struct rog_processor *processor, double end_s, uint32_t owner)
{
    double found_s = 0;
    assert_true(rog_processor_next(processor, &found_s));
    assert_true(fabs(found_s - end_s) < 1e-9);
    assert_int_equal(rog_processor_take(processor, found_s), owner);
}

static void alone_a_job_takes_its_time(void **state)
{
    (void)state;
    struct rog_processor processor = {0};
    double end_s;
    assert_false(rog_processor_next(&processor, &end_s));
    add(&processor, 5, 7, 0.25);
    expect(&processor, 5.25, 7);
    add(&processor, 9, 8, 0);
    expect(&processor, 9, 8);
    assert_false(rog_processor_next(&processor, &end_s));
    rog_processor_release(&processor);
}

static void four_at_once_take_four_times_as_long(void **state)
{
    (void)state;
    struct rog_processor processor = {0};
    for (uint32_t i = 0; i < 4; i++)
        add(&processor, 1, i, 0.1);
    for (uint32_t i = 0; i < 4; i++)
        expect(&processor, 1.4, i);
    rog_processor_release(&processor);
}

/* 1 s of work; after half of it, 0.2 s more come in between: 0.5 + 2 * 0.2 + 0.3. */
static void a_short_one_comes_in_between(void **state)
{
    (void)state;
    struct rog_processor processor = {0};
    add(&processor, 0, 1, 1);
    uint32_t change = processor.change;
    add(&processor, 0.5, 2, 0.2);
    assert_int_not_equal(change, processor.change);
    expect(&processor, 0.9, 2);
    expect(&processor, 1.2, 1);
    rog_processor_release(&processor);
}

static void as_much_is_done_as_there_is_work(void **state)
{
    (void)state;
    struct rog_processor processor = {0};
    double work_s = 0, end_s = 0;
    for (uint32_t i = 0; i < 100; i++) {
        work_s += 0.01 * (1 + i % 7);
        add(&processor, 0, i, 0.01 * (1 + i % 7));
    }
    while (rog_processor_next(&processor, &end_s))
        rog_processor_take(&processor, end_s);
    assert_true(fabs(processor.at_s - work_s) < 1e-9);
    rog_processor_release(&processor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_a_job_takes_its_time),
        cmocka_unit_test(four_at_once_take_four_times_as_long),
        cmocka_unit_test(a_short_one_comes_in_between),
        cmocka_unit_test(as_much_is_done_as_there_is_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
