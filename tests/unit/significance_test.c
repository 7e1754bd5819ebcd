/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of paired differences, compared with results of scipy and statsmodels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <orchestrator/report/significance.h>

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.15g is not within %g of %.15g", value, tolerance, expected);
}

/* scipy.stats.binomtest(k, n).pvalue */
static void signs(void **state)
{
    (void)state;
    assert_near(rog_sign_test(5, 0), 0.0625, 1e-12);
    assert_near(rog_sign_test(0, 5), 0.0625, 1e-12);
    assert_near(rog_sign_test(8, 2), 0.109375, 1e-12);
    assert_near(rog_sign_test(5, 5), 1, 0);
    assert_near(rog_sign_test(0, 0), 1, 0);
    assert_near(rog_sign_test(3, 37), 1.946500560734421e-08, 1e-17);
    assert_near(rog_sign_test(400, 600), 2.728464156065947e-10, 1e-19);
}

/* scipy.stats.permutation_test((d,), numpy.mean, permutation_type='samples', n_resamples=inf) */
static void permutations(void **state)
{
    (void)state;
    const double some[] = {0.31, -0.12, 0.55, 0.27, 0.9, -0.33, 0.41};
    const double ties[] = {1, 2, 3, -1, -2, 4, 0, 1};
    const double none[] = {0, 0, 0};
    bool exact = false;
    assert_near(rog_permutation_test(some, 7, &exact), 0.140625, 1e-15);
    assert_true(exact);
    assert_near(rog_permutation_test(ties, 8, &exact), 0.265625, 1e-15);
    assert_near(rog_permutation_test(none, 3, &exact), 1, 0);
    assert_near(rog_permutation_test(some, 1, &exact), 1, 0);
}

/* All of one sign: only that and its opposite are as far from 0. Samples are drawn, none of which
 * is as far by chance. */
static void many_differences(void **state)
{
    (void)state;
    double differences[64];
    bool exact = false;
    for (size_t i = 0; i < 64; i++)
        differences[i] = 1 + (double)i / 100;
    assert_near(rog_permutation_test(differences, 32, &exact), ldexp(1, -31), 1e-18);
    assert_true(exact);
    assert_near(rog_permutation_test(differences, 33, &exact), 1.0 / (ROG_PERMUTATION_DRAWS + 1),
                1e-15);
    assert_false(exact);
    /* All of one size: drawn, compared with scipy.stats.binomtest. */
    for (size_t i = 0; i < 64; i++)
        differences[i] = i % 4 ? 1 : -1;
    assert_near(rog_permutation_test(differences, 64, &exact), 7.7e-05, 7.7e-05);
    for (size_t i = 0; i < 40; i++)
        differences[i] = i < 15 ? -1 : 1;
    assert_near(rog_permutation_test(differences, 40, &exact), 0.1539, 0.005);
}

/* statsmodels.stats.multitest.multipletests(p, method='holm') */
static void holm(void **state)
{
    (void)state;
    const double p[] = {0.01, (double)NAN, 0.04, 0.03, 0.005, 0.3};
    const double expected[] = {0.04, (double)NAN, 0.09, 0.09, 0.025, 0.3};
    double adjusted[6];
    assert_int_equal(rog_holm(p, 6, adjusted), 5);
    for (size_t i = 0; i < 6; i++)
        if (isnan(expected[i]))
            assert_true(isnan(adjusted[i]));
        else
            assert_near(adjusted[i], expected[i], 1e-15);
    const double large[] = {0.6, 0.7};
    assert_int_equal(rog_holm(large, 2, adjusted), 2);
    assert_near(adjusted[0], 1, 0);
    assert_near(adjusted[1], 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs),
        cmocka_unit_test(permutations),
        cmocka_unit_test(many_differences),
        cmocka_unit_test(holm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
