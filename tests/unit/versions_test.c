/* SPDX-License-Identifier: Apache-2.0 */

/* The versions table and the transmission history, compared with simple tables. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <common/archive.h>
#include <common/rng.h>
#include <librog/sync/history.h>
#include <librog/sync/versions.h>

#define ROWS 37
#define WORKERS 5

static void test_versions(void **state)
{
    (void)state;
    struct rog_versions versions;
    struct rog_rng rng;
    uint32_t plain[WORKERS][ROWS] = {{0}};
    rog_rng_init(&rng, 1);
    assert_int_equal(rog_versions_init(&versions, ROWS, WORKERS, NULL), 0);
    for (int i = 0; i < 20000; i++) {
        uint32_t worker = rog_rng_below(&rng, WORKERS), row = rog_rng_below(&rng, ROWS);
        uint32_t before = versions.oldest[worker];
        plain[worker][row] += rog_rng_below(&rng, 4);
        bool risen = rog_versions_raise(&versions, worker, row, plain[worker][row]);
        uint32_t oldest = UINT32_MAX;
        for (uint32_t k = 0; k < ROWS; k++) {
            assert_int_equal(rog_versions_get(&versions, worker, k), plain[worker][k]);
            oldest = plain[worker][k] < oldest ? plain[worker][k] : oldest;
        }
        assert_int_equal(versions.oldest[worker], oldest);
        assert_int_equal(risen, oldest > before);
    }
    uint32_t least = UINT32_MAX, who = 0;
    for (uint32_t i = 0; i < WORKERS; i++) {
        if (versions.oldest[i] < least) {
            least = versions.oldest[i];
            who = i;
        }
    }
    assert_int_equal(rog_versions_oldest(&versions), least);
    versions.active[who] = 0;
    assert_true(rog_versions_oldest(&versions) >= least);
    for (uint32_t i = 0; i < WORKERS; i++)
        versions.active[i] = 0;
    assert_int_equal(rog_versions_oldest(&versions), 0);
    rog_versions_release(&versions);
}

static void check_history(const struct rog_transmissions *transmissions, const uint64_t *count,
                          const double *times, uint32_t total)
{
    uint64_t slowest = UINT64_MAX;
    for (uint32_t i = 0; i < WORKERS; i++)
        if (transmissions->active[i] && count[i] < slowest)
            slowest = count[i];
    double longest = 0, sum = 0;
    for (uint32_t i = 0; i < total; i++) {
        sum += times[i];
        if (i + 30 >= total && times[i] > longest)
            longest = times[i];
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct rog_history history;
        rog_transmissions_history(transmissions, i, &history);
        assert_int_equal(history.own, count[i]);
        assert_int_equal(history.slowest, slowest);
        assert_int_equal(history.everyone_transmitted, slowest > 0);
        assert_true(history.recent_max_s == longest);
        assert_true(fabs(history.mean_s - (total ? sum / total : 0)) < 1e-9);
    }
}

static void test_history(void **state)
{
    (void)state;
    struct rog_transmissions transmissions;
    struct rog_rng rng;
    uint64_t count[WORKERS] = {0};
    double times[600];
    rog_rng_init(&rng, 2);
    assert_int_equal(rog_transmissions_init(&transmissions, WORKERS, NULL), 0);
    check_history(&transmissions, count, times, 0);
    for (uint32_t total = 0; total < 600; total++) {
        uint32_t worker = rog_rng_below(&rng, WORKERS);
        if (total == 200 || total == 400)
            rog_transmissions_leave(&transmissions, worker);
        times[total] = rog_rng_uniform(&rng) * 10;
        count[worker]++;
        rog_transmissions_add(&transmissions, worker, times[total]);
        check_history(&transmissions, count, times, total + 1);
    }
    rog_transmissions_release(&transmissions);
}

/* Transmissions of a worker that has left do not make it the slowest again. */
static void test_history_without_a_worker_that_left(void **state)
{
    (void)state;
    struct rog_transmissions transmissions;
    struct rog_history history;
    assert_int_equal(rog_transmissions_init(&transmissions, 2, NULL), 0);
    rog_transmissions_leave(&transmissions, 0);
    rog_transmissions_add(&transmissions, 0, 1);
    rog_transmissions_history(&transmissions, 1, &history);
    assert_true(history.slowest == 0 && !history.everyone_transmitted);
    rog_transmissions_add(&transmissions, 1, 1);
    rog_transmissions_history(&transmissions, 1, &history);
    assert_true(history.own == 1 && history.slowest == 1);
    rog_transmissions_release(&transmissions);
}

struct saved {
    uint8_t bytes[4096];
    size_t size;
};

static int take(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct saved *saved = user;
    (void)err;
    assert_true(saved->size + size <= sizeof saved->bytes);
    memcpy(saved->bytes + saved->size, bytes, size);
    saved->size += size;
    return 0;
}

/* A worker that has left is not the slowest after loading, either. */
static void test_history_saved(void **state)
{
    (void)state;
    for (uint32_t gone = 0; gone < WORKERS; gone++) {
        struct rog_transmissions first, second;
        struct saved saved = {.size = 0};
        struct rog_archive archive;
        uint64_t count[WORKERS] = {0};
        double times[2 * WORKERS];
        assert_int_equal(rog_transmissions_init(&first, WORKERS, NULL), 0);
        assert_int_equal(rog_transmissions_init(&second, WORKERS, NULL), 0);
        rog_transmissions_leave(&first, gone);
        rog_archive_save(&archive, take, &saved);
        rog_transmissions_archive(&first, &archive);
        assert_int_equal(rog_archive_end(&archive, NULL), 0);
        rog_archive_load(&archive, saved.bytes, saved.size);
        rog_transmissions_archive(&second, &archive);
        assert_int_equal(rog_archive_end(&archive, NULL), 0);
        assert_memory_equal(second.active, first.active, WORKERS);
        for (uint32_t total = 0; total < 2 * WORKERS; total++) {
            uint32_t worker = (gone + total) % WORKERS;
            times[total] = 1 + total;
            count[worker]++;
            rog_transmissions_add(&second, worker, times[total]);
            check_history(&second, count, times, total + 1);
        }
        rog_transmissions_release(&first);
        rog_transmissions_release(&second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_history_without_a_worker_that_left),
        cmocka_unit_test(test_history_saved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
