/* SPDX-License-Identifier: Apache-2.0 */

/* Leases: the monotonic clock and a file that is touched, whatever its time. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <trainer/shape/lease.h>

#include "folder_support.h"

#define TIMEOUT_S 10.0

struct world {
    char *folder, *path;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (temporary_folder(&world->folder, "lease-test"))
        return -1;
    world->path = rog_path_join(world->folder, "lease");
    return rog_file_write(world->path, "", 0, NULL);
}

static int remove_world(void **state)
{
    struct world *world = *state;
    int code = rog_dir_remove(world->folder, NULL);
    free(world->path);
    free(world->folder);
    free(world);
    return code;
}

/* Touches the file with a given wall-clock time. */
static void touch(const struct world *world, time_t wall_s)
{
    const struct timespec times[2] = {{.tv_sec = wall_s}, {.tv_sec = wall_s}};
    assert_int_equal(utimensat(AT_FDCWD, world->path, times, 0), 0);
}

static void a_lease_lasts_as_long_as_it_is_touched(void **state)
{
    const struct world *world = *state;
    struct rog_lease lease = {.path = world->path};
    time_t wall_s = 1000000;
    for (double now_s = 5; now_s < 100; now_s += 9) {
        touch(world, wall_s += 9);
        assert_false(rog_lease_is_over(&lease, TIMEOUT_S, now_s));
        assert_false(rog_lease_is_over(&lease, TIMEOUT_S, now_s + 8.9));
    }
    assert_false(rog_lease_is_over(&lease, TIMEOUT_S, 95 + 10));
    assert_true(rog_lease_is_over(&lease, TIMEOUT_S, 95 + 10.5));
    touch(world, wall_s + 1); /* its owner was only slow */
    assert_false(rog_lease_is_over(&lease, TIMEOUT_S, 95 + 11));
}

/* From 1970 to today and back, like a clock without a battery once it is set. */
static void a_clock_that_is_set_changes_nothing(void **state)
{
    const struct world *world = *state;
    static const time_t walls_s[] = {40, 1800000000, 1800000005, 50};
    struct rog_lease lease = {.path = world->path};
    double now_s = 0;
    for (size_t i = 0; i < sizeof walls_s / sizeof *walls_s; i++, now_s += 6) {
        touch(world, walls_s[i]);
        assert_false(rog_lease_is_over(&lease, TIMEOUT_S, now_s));
        assert_false(rog_lease_is_over(&lease, TIMEOUT_S, now_s + 5.9));
    }
    assert_true(rog_lease_is_over(&lease, TIMEOUT_S, now_s - 6 + 10.1));
    touch(world, 4000000000);
    assert_false(rog_lease_is_over(&lease, TIMEOUT_S, 100));
    assert_true(rog_lease_is_over(&lease, TIMEOUT_S, 110.1)); /* not only after 2096 */
}

static void a_lease_that_is_gone_is_over(void **state)
{
    const struct world *world = *state;
    struct rog_lease lease = {.path = world->path};
    assert_false(rog_lease_is_over(&lease, TIMEOUT_S, 0));
    assert_int_equal(unlink(world->path), 0);
    assert_true(rog_lease_is_over(&lease, TIMEOUT_S, 0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)
    const struct CMUnitTest tests[] = {
        TEST(a_lease_lasts_as_long_as_it_is_touched),
        TEST(a_clock_that_is_set_changes_nothing),
        TEST(a_lease_that_is_gone_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
