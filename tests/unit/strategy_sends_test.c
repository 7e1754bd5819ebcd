/* SPDX-License-Identifier: Apache-2.0 */

/* Which rows are sent by strategies that select rows, compared with the rules of their papers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/rng.h>

#include "planned.h"

/* Marks the rows of the last plan, which must all be sent. */
static uint8_t *sent_rows(const struct planned *planned)
{
    uint8_t *sent = calloc(planned->config.rows, 1);
    assert_non_null(sent);
    assert_int_equal(planned->plan.mandatory, planned->plan.count);
    for (uint32_t i = 0; i < planned->plan.count; i++)
        sent[planned->plan.order[i]] = 1;
    return sent;
}

/* With any share, no row that is not sent is larger than one that is. */
static void test_topk(void **state)
{
    (void)state;
    static const struct {
        const char *parameters;
        uint32_t rows, count;
    } cases[] = {
        {"{}", 1000, 100},         {"{}", 1001, 101},          {"{}", 1, 1},
        {"{}", 33307, 3331},       {"{\"share\": 1}", 50, 50}, {"{\"share\": 0.000001}", 77, 1},
        {"{\"share\": 0.5}", 7, 4}};
    struct rog_rng rng;
    rog_rng_init(&rng, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int kind = 0; kind < 3; kind++) {
            struct planned planned;
            planned_init_with(&planned, "TOPK", 0, cases[i].rows, cases[i].parameters);
            for (uint32_t row = 0; row < cases[i].rows; row++)
                planned.magnitude[row] = kind == 0   ? 0
                                         : kind == 1 ? (float)rog_rng_below(&rng, 4)
                                                     : (float)exp(20 * rog_rng_normal(&rng));
            planned_ask(&planned, kind % 2);
            assert_int_equal(planned.plan.count, cases[i].count);
            uint8_t *sent = sent_rows(&planned);
            float smallest = INFINITY, largest = 0;
            for (uint32_t row = 0; row < cases[i].rows; row++) {
                if (sent[row])
                    smallest = fminf(smallest, planned.magnitude[row]);
                else
                    largest = fmaxf(largest, planned.magnitude[row]);
            }
            assert_true(smallest >= largest);
            free(sent);
            planned_release(&planned);
        }
    }
}

/* mean |u| > v0 / sqrt(t) mean |w|, in both directions; a row of zeros is sent as soon as it
 * changes. */
static void test_gaia(void **state)
{
    (void)state;
    enum { ROWS = 5 };
    static const float weight[ROWS] = {1, 1, 2, 0, 0};
    static const float waiting[ROWS] = {0.0049f, 0.0051f, 0.0099f, 0, 1e-9f};
    static const struct {
        uint32_t iteration;
        uint8_t sent[ROWS];
    } cases[] = {{1, {0, 0, 0, 0, 1}}, {4, {0, 1, 0, 0, 1}}, {5, {1, 1, 1, 0, 1}}};
    struct planned planned;
    planned_init(&planned, "GAIA", 4, ROWS);
    assert_int_equal(planned.strategy->wants, ROG_WANTS_WEIGHTS);
    planned.view.weight = weight;
    memcpy(planned.magnitude, waiting, sizeof waiting);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned.view.iteration = cases[i].iteration;
        for (int pull = 0; pull < 2; pull++) {
            planned_ask(&planned, pull);
            uint8_t *sent = sent_rows(&planned);
            assert_memory_equal(sent, cases[i].sent, ROWS);
            free(sent);
        }
    }
    planned.magnitude[4] = 0; /* nothing significant: an empty push */
    planned.view.iteration = 1;
    planned_ask(&planned, false);
    assert_int_equal(planned.plan.count, 0);
    planned_release(&planned);
}

/* ---- fragments ---- */

/* Layers 0: a row of 2 and a bias; 1: 3 rows; 2: 1; 3: 1 and a bias; 4: 2. */
static const char *const names[] = {"a.weight", "a.bias", "b.0.w", "b.1.w", "c.w", "c.b", "head"};
static const uint32_t first_row[] = {0, 2, 3, 6, 7, 8, 9, 11};
static const uint32_t layer_of_row[] = {0, 0, 0, 1, 1, 1, 2, 3, 3, 4, 4};
enum { STREAM_ROWS = 11 };
static const struct rog_model_view layered = {.tensors = 7, .first_row = first_row, .names = names};

static void check_fragments(const char *parameters, uint32_t fragments, const uint32_t *of_layer)
{
    struct planned planned;
    planned_init_with(&planned, "STREAM", 0, STREAM_ROWS, parameters);
    planned.config.model = &layered;
    for (uint32_t iteration = 1; iteration < 3 * fragments + 2; iteration++) {
        planned.view.iteration = iteration;
        planned_ask(&planned, iteration % 2);
        uint8_t *sent = sent_rows(&planned);
        for (uint32_t row = 0; row < STREAM_ROWS; row++)
            assert_int_equal(sent[row], of_layer[layer_of_row[row]] == (iteration - 1) % fragments);
        free(sent);
    }
    planned_release(&planned);
}

static void test_stream(void **state)
{
    (void)state;
    check_fragments("{\"fragments\": 1}", 1, (const uint32_t[]){0, 0, 0, 0, 0});
    check_fragments("{\"fragments\": 2}", 2, (const uint32_t[]){0, 1, 0, 1, 0});
    check_fragments("{}", 4, (const uint32_t[]){0, 1, 2, 3, 0});
    check_fragments("{\"fragments\": 5}", 5, (const uint32_t[]){0, 1, 2, 3, 4});
    check_fragments("{\"fragments\": 1000000}", 5, (const uint32_t[]){0, 1, 2, 3, 4});
    check_fragments("{\"fragments\": 2, \"pattern\": \"sequential\"}", 2,
                    (const uint32_t[]){0, 0, 0, 1, 1});
    check_fragments("{\"pattern\": \"sequential\"}", 4, (const uint32_t[]){0, 0, 1, 2, 3});
}

/* Tensors without names are layers of their own. */
static void test_stream_without_names(void **state)
{
    (void)state;
    static const char *const none[] = {"", "", ""};
    static const uint32_t first[] = {0, 1, 2, 3};
    const struct rog_model_view model = {.tensors = 3, .first_row = first, .names = none};
    struct planned planned;
    planned_init(&planned, "STREAM", 0, 3);
    planned.config.model = &model;
    for (uint32_t iteration = 1; iteration < 7; iteration++) {
        planned.view.iteration = iteration;
        planned_ask(&planned, false);
        assert_int_equal(planned.plan.count, 1);
        assert_int_equal(planned.plan.order[0], (iteration - 1) % 3);
    }
    planned_release(&planned);
}

/* ---- the capacity of the link ---- */

/* Two tensors of 10 rows, of 100 and 300 elements; 8, 4, 2 and 1 bits per element and a header. */
static const uint32_t two_first[] = {0, 10, 20};
static const uint32_t two_elements[] = {100, 300};
static const char *const two_names[] = {"a", "b"};
static const uint32_t push_bytes[] = {110, 60, 35, 23, 310, 160, 85, 48};
static const uint32_t pull_bytes[] = {400, 1200};
static const struct rog_model_view levelled = {.tensors = 2,
                                               .first_row = two_first,
                                               .levels = 4,
                                               .pull_levels = 1,
                                               .row_elements = two_elements,
                                               .names = two_names,
                                               .push_bytes = push_bytes,
                                               .pull_bytes = pull_bytes};

static void test_deco(void **state)
{
    (void)state;
    static const struct {
        double goodput; /* of pushes, which have one second */
        uint32_t level, count;
    } cases[] = {{0, 3, 20},    {1e9, 0, 20}, {4200, 0, 20}, {4199, 1, 20}, {2200, 1, 20},
                 {2199, 2, 20}, {710, 3, 20}, {709, 3, 20},  {355, 3, 10},  {1, 3, 1}};
    struct planned planned;
    planned_init(&planned, "DECO", 0, 20);
    planned.config.model = &levelled;
    planned.node.compute_s = 2;
    for (uint32_t row = 0; row < 20; row++)
        planned.magnitude[row] = (float)(row * 7 % 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned.node.goodput_up = cases[i].goodput;
        planned_ask(&planned, false);
        assert_int_equal(planned.plan.count, cases[i].count);
        uint8_t *sent = sent_rows(&planned);
        for (uint32_t row = 0; row < 20; row++) {
            assert_int_equal(sent[row], row * 7 % 20 >= 20 - cases[i].count);
            assert_true(!sent[row] || planned.plan.level[row] == cases[i].level);
        }
        free(sent);
    }
    /* A codec of one level for pulls: 16000 bytes, of which 4000 are sent in a second. */
    planned.node.goodput_down = 4000;
    planned_ask(&planned, true);
    assert_int_equal(planned.plan.count, 5);
    planned.node.compute_s = NAN;
    planned_ask(&planned, true);
    assert_int_equal(planned.plan.count, 20);
    planned_release(&planned);
}

/* It overlaps if the whole exchange takes more than a tenth of the computing time. */
static void test_deco_overlap(void **state)
{
    (void)state;
    static const struct {
        double up, down, compute_s;
        bool overlap;
    } cases[] = {{42000, 160000, 2.1, false},
                 {42000, 160000, 1.9, true},
                 {0, 160000, 0.1, true},
                 {42000, 0, 0.1, true}};
    struct planned planned;
    planned_init(&planned, "DECO", 0, 20);
    planned.config.model = &levelled;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned.node = (struct rog_node_view){.compute_s = cases[i].compute_s,
                                              .goodput_up = cases[i].up,
                                              .goodput_down = cases[i].down};
        struct rog_work_view view = {.iteration = 2, .local_steps = 3, .node = &planned.node};
        struct rog_work_plan plan = {.local_steps = 3, .overlap = true};
        planned.strategy->plan_work(planned.state, &planned.config, &view, &plan);
        assert_int_equal(plan.overlap, cases[i].overlap);
        assert_int_equal(plan.local_steps, 3);
    }
    planned_release(&planned);
}

/* ---- BITS ---- */

/* Computes what a plan leaves unsent, with the distortions of 0, 1, 2, 4 and 8 bits and slightly
 * more, and its size. */
static double left_behind(const struct planned *planned, const uint8_t *level_of_row, double *bytes)
{
    static const double left[2][5] = {{0, 0.003899, 0.051132, 0.156844, 1},
                                      {0, 0.007631, 0.095377, 0.294548, 1}};
    double sum = 0;
    *bytes = 0;
    for (uint32_t row = 0; row < 20; row++) {
        uint32_t tensor = row / 10, level = level_of_row[row];
        double u = planned->age[row] * planned->magnitude[row];
        sum += u * u * two_elements[tensor] * left[tensor][level];
        *bytes += level < 4 ? push_bytes[tensor * 4 + level] : 0;
    }
    return sum;
}

/* No other choice of rows and levels with the same size leaves less, and the remaining budget is
 * less than the cost of the largest row. */
static void test_bits(void **state)
{
    (void)state;
    struct rog_rng rng;
    struct planned planned;
    rog_rng_init(&rng, 7);
    planned_init(&planned, "BITS", 9, 20);
    planned.config.model = &levelled;
    planned.config.worker = 1;
    planned.node.compute_s = 2; /* one second for each push */
    for (int round = 0; round < 60; round++) {
        uint8_t chosen[20], other[20];
        double budget = 4300 * rog_rng_uniform(&rng), bytes, spent;
        planned.node.goodput_up = budget;
        for (uint32_t row = 0; row < 20; row++) {
            planned.age[row] = 1 + rog_rng_below(&rng, 8);
            planned.magnitude[row] = (float)exp(2 * rog_rng_normal(&rng));
        }
        planned_ask(&planned, false);
        assert_int_equal(planned.plan.mandatory, 0);
        assert_true(planned.plan.budget_s == 1);
        memset(chosen, 4, sizeof chosen);
        for (uint32_t i = 0; i < planned.plan.count; i++)
            chosen[planned.plan.order[i]] = planned.plan.level[planned.plan.order[i]];
        double left = left_behind(&planned, chosen, &spent);
        assert_true(spent <= budget && spent > budget - 310);
        for (int attempt = 0; attempt < 2000; attempt++) {
            memcpy(other, chosen, sizeof other);
            for (uint32_t i = 0; i < 1 + rog_rng_below(&rng, 4); i++)
                other[rog_rng_below(&rng, 20)] = (uint8_t)rog_rng_below(&rng, 5);
            double worse = left_behind(&planned, other, &bytes);
            assert_true(bytes > spent || worse >= left * (1 - 1e-3));
        }
    }
    planned_release(&planned);
}

/* Rows that are S iterations old are sent first, at their best level; without a goodput all waiting
 * rows are sent, at the best level, until the time ends; rows without updates are not sent. */
static void test_bits_old_rows(void **state)
{
    (void)state;
    struct planned planned;
    planned_init(&planned, "BITS", 4, 20);
    planned.config.model = &levelled;
    planned.config.worker = 1;
    planned.node.compute_s = NAN;
    for (uint32_t row = 0; row < 19; row++) {
        planned.age[row] = row == 3 || row == 17 ? 4 : 3;
        planned.magnitude[row] = 1;
    }
    planned_ask(&planned, false);
    assert_int_equal(planned.plan.count, 19);
    assert_int_equal(planned.plan.mandatory, 2);
    assert_true(planned.plan.budget_s == 0.5);
    assert_int_equal(planned.plan.order[0], 3);
    assert_int_equal(planned.plan.order[1], 17);
    for (uint32_t row = 0; row < 20; row++)
        assert_int_equal(planned.plan.level[row], 0);
    planned.node.goodput_up = 1; /* half a byte */
    planned_ask(&planned, false);
    assert_int_equal(planned.plan.count, 2);
    assert_int_equal(planned.plan.mandatory, 2);
    assert_int_equal(planned.plan.level[3], 3);
    assert_int_equal(planned.plan.level[17], 3);
    planned_release(&planned);
}

/* A codec with more levels than a plan can name: the coarsest of those that it can. */
static void test_many_levels(void **state)
{
    (void)state;
    enum { LEVELS = 300 };
    static uint32_t bytes[2 * LEVELS];
    for (uint32_t i = 0; i < 2 * LEVELS; i++)
        bytes[i] = 1000 - i % LEVELS;
    struct rog_model_view many = levelled;
    many.levels = LEVELS;
    many.push_bytes = bytes;
    static const char *const libraries[] = {"BITS", "DECO"};
    for (int i = 0; i < 2; i++) {
        struct planned planned;
        planned_init(&planned, libraries[i], 1, 20);
        planned.config.model = &many;
        planned.config.worker = 1;
        planned.node.compute_s = planned.node.goodput_up = 1;
        for (uint32_t row = 0; row < 20; row++)
            planned.age[row] = 1;
        planned_ask(&planned, false);
        assert_int_equal(planned.plan.count, i ? 1 : 20);
        assert_int_equal(planned.plan.level[0], 255);
        planned_release(&planned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topk),        cmocka_unit_test(test_gaia),
        cmocka_unit_test(test_stream),      cmocka_unit_test(test_stream_without_names),
        cmocka_unit_test(test_deco),        cmocka_unit_test(test_deco_overlap),
        cmocka_unit_test(test_bits),        cmocka_unit_test(test_bits_old_rows),
        cmocka_unit_test(test_many_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
