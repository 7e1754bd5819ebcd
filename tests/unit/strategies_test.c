/* SPDX-License-Identifier: Apache-2.0 */

/* Plans of the plugins, compared with the published figures and a simple version of the ranking. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/rng.h>

#include "planned.h"

static void ask(struct planned *planned, const struct rog_history *history, bool pull)
{
    planned->view.history = history ? *history : (struct rog_history){0};
    planned_ask(planned, pull);
}

static void test_bsp_and_ssp_send_everything(void **state)
{
    (void)state;
    static const struct {
        const char *library;
        int32_t threshold;
    } all[] = {{"BSP", 0},   {"SSP", 0}, {"SSP", 4}, {"SSP", ROG_THRESHOLD_INFINITE},
               {"FLOWN", 4}, {"ROG", 1}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct planned planned;
        planned_init(&planned, all[i].library, all[i].threshold, 100);
        for (int pull = 0; pull < 2; pull++) {
            ask(&planned, NULL, pull);
            assert_int_equal(planned.plan.count, 100);
            assert_int_equal(planned.plan.mandatory, 100);
        }
        planned_release(&planned);
    }
}

static uint32_t mandatory_rows(int32_t threshold, uint32_t rows)
{
    struct planned planned;
    planned_init(&planned, "ROG", threshold, rows);
    ask(&planned, NULL, false);
    uint32_t mandatory = planned.plan.mandatory;
    assert_int_equal(planned.plan.count, rows);
    planned_release(&planned);
    return mandatory;
}

/* P(S) + G(S) as published, accurate to one row in a million. */
static void test_mandatory_fraction(void **state)
{
    (void)state;
    static const struct {
        int32_t threshold;
        double fraction, tolerance;
    } published[] = {{1, 1, 0},
                     {2, 0.5, 1e-5},
                     {3, 0.38197, 1e-5},
                     {4, 0.3177, 1e-4},
                     {20, 0.109774 + 0.11, 1e-5},
                     {40, 0.066972 + 0.115, 1e-5}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        double fraction = mandatory_rows(published[i].threshold, 1000000) / 1e6;
        if (fabs(fraction - published[i].fraction) > published[i].tolerance + 1e-9)
            fail_msg("S = %d: %g instead of %g", published[i].threshold, fraction,
                     published[i].fraction);
    }
    /* 32% of ConvMLP-M's rows are published for S = 4, with P rounded up to 0.32. */
    assert_true(fabs(mandatory_rows(4, 33307) - 10658.0) < 0.01 * 10658);
}

/* The equation (1 - P)^(S - 1) = P itself, for any S; and every row can be sent. */
static void test_equation(void **state)
{
    (void)state;
    static const struct {
        int32_t threshold;
        double fraction;
    } largest[] = {{5, 0.03},   {6, 0.05},   {7, 0.06},   {8, 0.05},   {9, 0.07},   {10, 0.075},
                   {11, 0.085}, {12, 0.09},  {13, 0.095}, {14, 0.10},  {15, 0.102}, {16, 0.104},
                   {17, 0.106}, {18, 0.107}, {19, 0.108}, {20, 0.11},  {21, 0.11},  {22, 0.111},
                   {23, 0.111}, {24, 0.112}, {26, 0.112}, {27, 0.113}, {30, 0.113}, {31, 0.114},
                   {35, 0.114}, {36, 0.115}};
    const uint32_t rows = 200000;
    for (size_t i = 0; i < sizeof largest / sizeof *largest; i++) {
        double p = (double)mandatory_rows(largest[i].threshold, rows) / rows - largest[i].fraction;
        assert_true(fabs(pow(1 - p, largest[i].threshold - 1) - p) < 2e-4);
    }
    double before = 1;
    for (int32_t threshold = 36; threshold <= 1000; threshold += 107) {
        double p = (double)mandatory_rows(threshold, rows) / rows - 0.115;
        if (fabs(pow(1 - p, threshold - 1) - p) > 0.01 * p + 1e-4 * threshold * p)
            fail_msg("S = %d: P = %g", threshold, p);
        assert_true(p > 0 && p < before);
        before = p;
    }
}

/* ---- the ranking, in a simple implementation ---- */

struct key {
    uint32_t age;
    float magnitude;
    uint32_t row;
};

static int by_magnitude(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->magnitude != y->magnitude)
        return x->magnitude > y->magnitude ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static int by_rank(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->age != y->age)
        return x->age > y->age ? -1 : 1;
    return by_magnitude(a, b);
}

/* Replaces the rank values of each tensor's rows by their mean, as published. */
static void average(struct key *keys, const uint32_t *first_row, uint32_t tensors)
{
    for (uint32_t tensor = 0; tensor < tensors; tensor++) {
        double sum = 0;
        for (uint32_t row = first_row[tensor]; row < first_row[tensor + 1]; row++)
            sum += keys[row].magnitude;
        for (uint32_t row = first_row[tensor]; row < first_row[tensor + 1]; row++)
            keys[row].magnitude =
                (float)(sum / (double)(first_row[tensor + 1] - first_row[tensor]));
    }
}

#define MOST_ROWS 900

/* Draws tensor sizes, some of one row. */
static uint32_t draw_tensors(struct rog_rng *rng, uint32_t *first_row, uint32_t rows)
{
    uint32_t tensors = 0;
    first_row[0] = 0;
    while (first_row[tensors] < rows) {
        uint32_t left = rows - first_row[tensors];
        uint32_t most = rog_rng_below(rng, 3) ? 200 : 1;
        first_row[tensors + 1] =
            first_row[tensors] + 1 + rog_rng_below(rng, left < most ? left : most);
        tensors++;
    }
    return tensors;
}

static void test_ranking(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 4);
    for (int round = 0; round < 120; round++) {
        const bool by_tensor = round >= 60;
        const uint32_t rows = 1 + rog_rng_below(&rng, MOST_ROWS);
        const uint32_t oldest_age = round % 3 == 0 ? 1 : round % 3 == 1 ? 8 : 3000000000u;
        struct key *keys = calloc(rows, sizeof *keys);
        uint32_t first_row[MOST_ROWS + 1];
        struct planned planned;
        assert_non_null(keys);
        planned_init_with(&planned, "ROG", 4, rows,
                          by_tensor ? "{\"importance\": \"tensor\"}" : "{}");
        for (uint32_t row = 0; row < rows; row++) {
            planned.age[row] = rog_rng_below(&rng, oldest_age);
            planned.magnitude[row] = rog_rng_below(&rng, 5) ? (float)exp(10 * rog_rng_normal(&rng))
                                                            : (float)rog_rng_below(&rng, 3);
            keys[row] = (struct key){planned.age[row], planned.magnitude[row], row};
        }
        const struct rog_model_view model = {.tensors = draw_tensors(&rng, first_row, rows),
                                             .first_row = first_row};
        planned.config.model = &model;
        if (by_tensor)
            average(keys, first_row, model.tensors);
        ask(&planned, NULL, round % 2);
        uint32_t mandatory = planned.plan.mandatory; /* G(4) is 0 */
        assert_int_equal(mandatory, (uint32_t)ceil(0.31767219617198 * rows));
        qsort(keys, rows, sizeof *keys, by_rank);
        qsort(keys + mandatory, rows - mandatory, sizeof *keys, by_magnitude);
        for (uint32_t i = 0; i < rows; i++)
            assert_int_equal(planned.plan.order[i], keys[i].row);
        planned_release(&planned);
        free(keys);
    }
}

static void test_budget(void **state)
{
    (void)state;
    static const struct {
        struct rog_history history;
        double budget_s;
    } cases[] = {
        {{.own = 0, .slowest = 0}, 0},
        {{.own = 1, .slowest = 0, .recent_max_s = 9, .mean_s = 9}, 0},
        {{.own = 2, .slowest = 0, .recent_max_s = 9, .mean_s = 9}, 5},
        {{.own = 4, .slowest = 3, .everyone_transmitted = true, .recent_max_s = 9, .mean_s = 2}, 0},
        {{.own = 5, .slowest = 3, .everyone_transmitted = true, .recent_max_s = 9, .mean_s = 2}, 9},
        {{.own = 9, .slowest = 3, .everyone_transmitted = true, .recent_max_s = 1, .mean_s = 2}, 2},
    };
    struct planned planned;
    planned_init(&planned, "ROG", 4, 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int pull = 0; pull < 2; pull++) {
            ask(&planned, &cases[i].history, pull);
            assert_true(planned.plan.budget_s == cases[i].budget_s);
        }
    }
    planned_release(&planned);
    planned_init_with(&planned, "ROG", 4, 10, "{\"least_budget\": 0.5}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask(&planned, &cases[i].history, i % 2);
        assert_true(planned.plan.budget_s == fmax(0.5, cases[i].budget_s));
    }
    planned_release(&planned);
}

static void test_admission(void **state)
{
    (void)state;
    static const struct {
        const char *library;
        int32_t threshold;
        uint32_t iteration, needed;
    } cases[] = {
        {"BSP", 0, 1, 1}, {"BSP", 0, 7, 7}, {"SSP", 0, 7, 7},
        {"SSP", 4, 4, 0}, {"SSP", 4, 5, 1}, {"ROG", 4, 4, 0},
        {"ROG", 4, 9, 5}, {"ROG", 1, 2, 1}, {"SSP", ROG_THRESHOLD_INFINITE, 4000000000u, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct planned planned;
        uint32_t needed[3] = {0};
        planned_init(&planned, cases[i].library, cases[i].threshold, 10);
        struct rog_admit_view view = {.worker = 1, .iteration = cases[i].iteration};
        planned.plugin.strategy->admit(planned.state, &planned.config, &view,
                                       &(struct rog_admission){.needed = needed});
        for (int worker = 0; worker < 3; worker++)
            assert_int_equal(needed[worker], cases[i].needed);
        planned_release(&planned);
    }
}

/* No plan has fewer mandatory rows than the strategy's declared share, which is as large as
 * possible: all if all rows are sent. */
static void test_least_share(void **state)
{
    (void)state;
    static const struct {
        const char *library;
        int32_t threshold;
        double share, tolerance;
    } cases[] = {{"BSP", 0, 1, 0},           {"SSP", 4, 1, 0},   {"FLOWN", 4, 1, 0},
                 {"ROG", 1, 1, 0},           {"ROG", 2, 0.5, 0}, {"ROG", 4, 0.3177, 1e-4},
                 {"ROG", 20, 0.109774, 1e-5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint32_t rows = 1; rows < 400; rows += 37) {
            struct planned planned;
            planned_init(&planned, cases[i].library, cases[i].threshold, rows);
            double share = planned.plugin.strategy->least_share(&planned.config);
            assert_true(fabs(share - cases[i].share) <= cases[i].tolerance + 1e-12);
            for (int pull = 0; pull < 2; pull++) {
                ask(&planned, NULL, pull);
                assert_true(planned.plan.mandatory >= floor(share * rows));
            }
            planned_release(&planned);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bsp_and_ssp_send_everything),
        cmocka_unit_test(test_mandatory_fraction),
        cmocka_unit_test(test_equation),
        cmocka_unit_test(test_ranking),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_admission),
        cmocka_unit_test(test_least_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
