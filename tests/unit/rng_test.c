/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers: known outputs, streams that differ, distributions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include <common/rng.h>

/* First outputs of SplitMix64 seeded with 0, published with the reference implementation: the state
 * for seed 0. */
static void test_seeding(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 0);
    assert_true(rng.state[0] == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(rng.state[1] == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(rng.state[2] == UINT64_C(0x06c45d188009454f));
    assert_true(rng.state[3] == UINT64_C(0xf88bb8a8724c81ec));
}

/* xoshiro256** from the state 1, 2, 3, 4: the test vector of other implementations. */
static void test_known_outputs(void **state)
{
    (void)state;
    struct rog_rng rng = {{1, 2, 3, 4}};
    static const uint64_t expected[] = {UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240),
                                        UINT64_C(1215971899390074240)};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_true(rog_rng_u64(&rng) == expected[i]);
}

static void test_streams_differ(void **state)
{
    (void)state;
    struct rog_rng a, b, c, again;
    rog_rng_derive(&a, 1, "trace", 1);
    rog_rng_derive(&b, 1, "trace", 2);
    rog_rng_derive(&c, 1, "batch", 1);
    rog_rng_derive(&again, 1, "trace", 1);
    uint64_t first = rog_rng_u64(&a);
    assert_true(first == rog_rng_u64(&again));
    assert_true(first != rog_rng_u64(&b));
    assert_true(first != rog_rng_u64(&c));
}

struct moments {
    double mean, variance;
};

static struct moments measure(double (*draw)(struct rog_rng *))
{
    enum { DRAWS = 200000 };
    struct rog_rng rng;
    rog_rng_init(&rng, 7);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = draw(&rng);
        sum += x;
        squares += x * x;
    }
    double mean = sum / DRAWS;
    return (struct moments){mean, squares / DRAWS - mean * mean};
}

static double gamma_2_5(struct rog_rng *rng)
{
    return rog_rng_gamma(rng, 2.5);
}

static double gamma_half(struct rog_rng *rng)
{
    return rog_rng_gamma(rng, 0.5);
}

static double beta_08(struct rog_rng *rng)
{
    return rog_rng_beta(rng, 0.8, 0.8);
}

static void test_distributions(void **state)
{
    (void)state;
    const struct {
        double (*draw)(struct rog_rng *);
        double mean, variance;
    } rows[] = {
        {rog_rng_uniform, 0.5, 1.0 / 12}, {rog_rng_normal, 0, 1},     {gamma_2_5, 2.5, 2.5},
        {gamma_half, 0.5, 0.5},           {beta_08, 0.5, 0.25 / 2.6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct moments got = measure(rows[i].draw);
        assert_true(fabs(got.mean - rows[i].mean) < 0.02);
        assert_true(fabs(got.variance - rows[i].variance) < 0.03 * (1 + rows[i].variance));
    }
}

static void test_below_and_shuffle(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 3);
    unsigned counts[7] = {0};
    for (int i = 0; i < 70000; i++)
        counts[rog_rng_below(&rng, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 9600, 10400);

    uint32_t items[100], seen[100] = {0};
    for (uint32_t i = 0; i < 100; i++)
        items[i] = i;
    rog_rng_shuffle(&rng, items, 100);
    unsigned moved = 0;
    for (uint32_t i = 0; i < 100; i++) {
        seen[items[i]]++;
        moved += items[i] != i;
    }
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeding),           cmocka_unit_test(test_known_outputs),
        cmocka_unit_test(test_streams_differ),    cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_below_and_shuffle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
