/* SPDX-License-Identifier: Apache-2.0 */
/* When the hosts of a sweep are released. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <orchestrator/fleet/session.h>

static bool is_over(enum rog_fleet_state one, enum rog_fleet_state other)
{
    const struct rog_fleet_job jobs[] = {{.state = one}, {.state = other}};
    return rog_session_is_over(jobs, 2);
}

static void hosts_are_kept_while_a_run_needs_them(void **state)
{
    (void)state;
    assert_false(is_over(ROG_FLEET_DONE, ROG_FLEET_RUNNING));
    assert_false(is_over(ROG_FLEET_DONE, ROG_FLEET_WAITING));
    assert_false(is_over(ROG_FLEET_WAITING, ROG_FLEET_ELSEWHERE));
    assert_false(is_over(ROG_FLEET_ELSEWHERE, ROG_FLEET_RUNNING));
    assert_true(is_over(ROG_FLEET_DONE, ROG_FLEET_TESTING));
    assert_true(is_over(ROG_FLEET_FAILED, ROG_FLEET_STOPPED));
}

/* Another rogctl may have locked a run and wait for these hosts: two processes that each hold what
 * the other waits for would wait forever. */
static void hosts_are_released_before_waiting(void **state)
{
    (void)state;
    assert_true(is_over(ROG_FLEET_DONE, ROG_FLEET_ELSEWHERE));
    assert_true(is_over(ROG_FLEET_ELSEWHERE, ROG_FLEET_TESTING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_kept_while_a_run_needs_them),
        cmocka_unit_test(hosts_are_released_before_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
