/* SPDX-License-Identifier: Apache-2.0 */

/* What iterations add to the waiting update, and what pulls do to the model: gradients and the
 * deltas of local steps, in one worker and in clusters. */

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync_cluster.h"

#define WORKERS 4

static const struct rog_contribution_config deltas = {.kind = ROG_CONTRIBUTION_DELTA,
                                                      .error_feedback = 1};

/* ---- one contribution ---- */

struct single {
    struct rog_rows *rows;
    struct rog_contribution contribution;
    float *params, *gradients, *magnitude, *scale;
    float **places;
    const float **given;
    struct rog_rule rule;
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    assert_non_null(memory);
    return memory;
}

static void single_init(struct single *single, const struct rog_contribution_config *config)
{
    struct rog_rng rng;
    struct rog_error err;
    rog_rng_init(&rng, 1);
    *single = (struct single){.rows = cluster_rows(true), .rule = {0.5, 0.5, 0, ROG_RULE_NESTEROV}};
    uint64_t params = single->rows->params;
    uint32_t tensors = single->rows->tensor_count;
    single->params = allocate(params, sizeof(float));
    single->gradients = allocate(params, sizeof(float));
    single->magnitude = allocate(single->rows->row_count, sizeof(float));
    single->scale = allocate(tensors, sizeof(float));
    single->places = allocate(tensors, sizeof(float *));
    single->given = allocate(tensors, sizeof(float *));
    for (uint64_t i = 0; i < params; i++) {
        single->params[i] = (float)rog_rng_normal(&rng);
        single->gradients[i] = (float)rog_rng_normal(&rng);
    }
    rog_rows_places(single->rows, single->params, single->places);
    for (uint32_t i = 0; i < tensors; i++)
        single->given[i] = single->gradients + single->rows->tensors[i].offset;
    if (rog_contribution_init(&single->contribution, config, single->rows, single->places, &err))
        fail_msg("%s", err.message);
}

static void single_release(struct single *single)
{
    rog_contribution_release(&single->contribution);
    rog_rows_free(single->rows);
    free(single->params);
    free(single->gradients);
    free(single->magnitude);
    free(single->scale);
    free(single->places);
    free(single->given);
}

static void add(struct single *single)
{
    struct rog_error err;
    bool delta = single->contribution.config.kind == ROG_CONTRIBUTION_DELTA;
    const struct rog_worker_gradients given = {
        .tensors = delta ? NULL : single->given, .rules = &single->rule, .rule_count = 1};
    if (rog_contribution_check(&single->contribution, &given, 1, &err) ||
        rog_contribution_add(&single->contribution, &given,
                             &single->contribution.rows->way[ROG_ROWS_PUSH], single->magnitude,
                             single->scale, &err))
        fail_msg("%s", err.message);
}

static void test_memory(void **state)
{
    (void)state;
    struct single single;
    single_init(&single, &deltas);
    assert_null(single.contribution.momentum);
    assert_null(single.contribution.scaled);
    single_release(&single);
    single_init(&single, &rog_contribution_default);
    assert_null(single.contribution.base);
    assert_null(single.contribution.aside);
    single_release(&single);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct rog_contribution_config config;
        const char *cause;
    } bads[] = {
        {{.error_feedback = -0.1}, "error_feedback is -0.1"},
        {{.error_feedback = NAN}, "error_feedback is"},
        {{.error_feedback = 1.5}, "error_feedback is 1.5: it must be in [0, 1]"},
        {{.clip_norm = -1}, "clip_norm is -1"},
        {{.clip_norm = INFINITY}, "clip_norm is inf"},
        {{.kind = ROG_CONTRIBUTION_DELTA, .merge = 2}, "merge is 2"},
        {{.merge = 0.5}, "merge requires contribution \"delta\""},
        {{.kind = ROG_CONTRIBUTION_DELTA, .momentum_masking = true}, "momentum_masking requires"},
        {{.kind = (enum rog_contribution_kind)7}, "unknown kind 7"},
    };
    struct rog_rows *rows = cluster_rows(true);
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct rog_contribution contribution;
        struct rog_error err = {0};
        assert_int_equal(rog_contribution_init(&contribution, &bads[i].config, rows, NULL, &err),
                         ROG_EINVAL);
        if (!strstr(err.message, bads[i].cause))
            fail_msg("\"%s\" does not say \"%s\"", err.message, bads[i].cause);
        rog_contribution_release(&contribution);
    }
    rog_rows_free(rows);
}

/* Gradients in a run that pushes deltas; and a model that is not finite. */
static void test_refused_pushes(void **state)
{
    (void)state;
    struct single single;
    struct rog_error err;
    single_init(&single, &deltas);
    const struct rog_worker_gradients given = {.tensors = single.given};
    assert_int_equal(rog_contribution_check(&single.contribution, &given, 1, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "deltas"));
    const struct rog_worker_gradients none = {.tensors = NULL};
    single.params[3] = NAN;
    assert_int_equal(rog_contribution_check(&single.contribution, &none, 1, &err), 0);
    assert_int_equal(rog_contribution_add(&single.contribution, &none,
                                          &single.contribution.rows->way[ROG_ROWS_PUSH],
                                          single.magnitude, single.scale, &err),
                     ROG_EFAILED);
    assert_non_null(strstr(err.message, "diverged"));
    single_release(&single);
}

static void test_clip(void **state)
{
    (void)state;
    struct single single;
    double squares = 0;
    single_init(&single, &(struct rog_contribution_config){.error_feedback = 1, .clip_norm = 0.25});
    single.rule.momentum = 0;
    add(&single);
    for (uint64_t i = 0; i < single.rows->params; i++) {
        double u = (double)single.contribution.update[i] / 0.5;
        squares += u * u;
        assert_true((u < 0) == (single.gradients[i] < 0));
    }
    assert_float_equal(sqrt(squares), 0.25, 1e-6);
    single_release(&single);

    /* A smaller gradient is not changed, to the bit. */
    struct single plain;
    single_init(&single, &(struct rog_contribution_config){.error_feedback = 1, .clip_norm = 1e6});
    single_init(&plain, &rog_contribution_default);
    add(&single);
    add(&plain);
    assert_memory_equal(single.contribution.update, plain.contribution.update,
                        plain.rows->params * sizeof(float));
    single_release(&single);
    single_release(&plain);
}

/* If nothing is left of the update, momentum is cleared; what is left is decayed. */
static void test_sent(void **state)
{
    (void)state;
    struct single single;
    single_init(&single, &(struct rog_contribution_config){.error_feedback = 0.75,
                                                           .momentum_masking = true});
    add(&single);
    struct rog_contribution *contribution = &single.contribution;
    uint32_t row = 1;
    uint64_t at = rog_rows_offset(single.rows, row);
    uint32_t size = rog_rows_size(single.rows, row);
    assert_true(size > 2);
    contribution->update[at] = 0; /* sent exactly; the rest is not */
    float left = contribution->update[at + 1], momentum = contribution->momentum[at + 1];
    float other = contribution->update[at + size];
    rog_contribution_sent(contribution, row);
    assert_true(contribution->momentum[at] == 0);
    assert_true(contribution->momentum[at + 1] == momentum && momentum != 0);
    assert_true(contribution->update[at + 1] == 0.75f * left && left != 0);
    assert_true(contribution->update[at + size] == other && other != 0);
    single_release(&single);
}

/* Applies a pull of one row, as from the server. */
static void pull(struct single *single, uint32_t row, const float *model)
{
    float *to = rog_contribution_pulling(&single->contribution, row);
    memcpy(to, model + rog_rows_offset(single->rows, row),
           rog_rows_size(single->rows, row) * sizeof *to);
    rog_contribution_pulled(&single->contribution, row);
}

static void test_merge(void **state)
{
    (void)state;
    struct rog_contribution_config config = deltas;
    struct single single;
    config.merge = 0.25;
    single_init(&single, &config);
    struct rog_contribution *contribution = &single.contribution;
    uint64_t at = rog_rows_offset(single.rows, 1), params = single.rows->params;
    float *model = allocate(params, sizeof *model);
    single.params[at] = 3;
    single.params[0] = 5;
    contribution->base[at] = contribution->base[0] = 4;
    add(&single);
    assert_true(contribution->update[at] == 1 && contribution->update[0] == -1);
    model[at] = 2;
    pull(&single, 1, model);
    assert_true(single.params[at] == 0.25f * 3 + 0.75f * 2);
    assert_true(contribution->update[at] == 0.75f);
    /* It pushes again what it kept of its own model; other rows are unchanged. */
    assert_true(single.params[0] == 5 && contribution->update[0] == -1);
    add(&single);
    assert_true(contribution->update[at] == 0.75f - 0.25f);
    assert_true(contribution->update[0] == -1);
    free(model);
    single_release(&single);
}

/* A deferred pull is mixed in once. */
static void test_merge_once(void **state)
{
    (void)state;
    struct rog_contribution_config config = deltas;
    struct single single;
    struct rog_set rows;
    config.merge = 0.5;
    config.overlap = true;
    single_init(&single, &config);
    struct rog_contribution *contribution = &single.contribution;
    uint64_t at = rog_rows_offset(single.rows, 1);
    float *model = allocate(single.rows->params, sizeof *model);
    assert_int_equal(rog_set_init(&rows, single.rows->row_count, NULL), 0);
    rog_set_add(&rows, 1);
    single.params[at] = 4;
    model[at] = 2;
    contribution->deferred = true;
    pull(&single, 1, model);
    assert_true(single.params[at] == 4);
    rog_contribution_merge(contribution, &rows);
    rog_contribution_merge(contribution, &rows);
    assert_true(single.params[at] == 3);
    rog_set_release(&rows);
    free(model);
    single_release(&single);
}

/* Steps since the push are kept, on top of the server's values. */
static void test_rebase(void **state)
{
    (void)state;
    struct rog_contribution_config config = deltas;
    struct single single;
    config.overlap = true;
    single_init(&single, &config);
    struct rog_contribution *contribution = &single.contribution;
    uint64_t at = rog_rows_offset(single.rows, 1), params = single.rows->params;
    float *model = allocate(params, sizeof *model);
    struct rog_set rows;
    assert_int_equal(rog_set_init(&rows, single.rows->row_count, NULL), 0);
    single.params[at] = contribution->base[at] = 4;
    add(&single);
    single.params[at] = 3.5; /* the next iteration */
    contribution->deferred = true;
    model[at] = 1;
    pull(&single, 1, model);
    rog_set_add(&rows, 1);
    assert_true(single.params[at] == 3.5f);
    rog_contribution_merge(contribution, &rows);
    assert_true(single.params[at] == 0.5f);
    rog_contribution_merge(contribution, &rows); /* again, without effect */
    assert_true(single.params[at] == 0.5f);
    add(&single);
    assert_true(contribution->update[at] == 0.5f);
    single.params[at] = -1;
    add(&single);
    assert_true(contribution->update[at] == 2);
    rog_set_release(&rows);
    free(model);
    single_release(&single);
}

static void test_join(void **state)
{
    (void)state;
    struct single single;
    single_init(&single, &deltas);
    struct rog_contribution *contribution = &single.contribution;
    single.params[0] -= 1;
    add(&single);
    assert_float_equal(contribution->update[0], 1, 1e-6);
    for (uint64_t i = 0; i < single.rows->params; i++)
        single.params[i] = 7;
    rog_contribution_join(contribution);
    add(&single);
    assert_float_equal(contribution->update[0], 1, 1e-6);
    assert_true(contribution->update[1] == 0);
    single.params[1] = 5;
    add(&single);
    assert_true(contribution->update[1] == 2);
    single_release(&single);
}

/* ---- clusters ---- */

/* If each worker pulls all rows each time, all models are equal; otherwise they differ for a
 * time. */
static void hold_to_conservation(const char *library, int32_t threshold, bool overlap, bool exact,
                                 uint64_t seed)
{
    struct rog_plugin plugin;
    struct cluster cluster;
    struct rog_contribution_config config = deltas;
    config.overlap = overlap;
    load_strategy(&plugin, library);
    const struct cluster_options options = {.strategy = plugin.strategy,
                                            .threshold = threshold,
                                            .parameters = plugin.parameters,
                                            .workers = WORKERS,
                                            .iterations = 40,
                                            .values = true,
                                            .seed = seed,
                                            .slow_s = 0.05,
                                            .exact = exact,
                                            .contribution = &config};
    cluster_init(&cluster, &options, &(struct cluster_watch){0});
    assert_true(cluster_run(&cluster));
    cluster_drain(&cluster);
    float *model = allocate(cluster.rows->params, sizeof *model);
    double *expected = allocate(cluster.rows->params, sizeof *expected);
    cluster_model(&cluster, model);
    for (uint32_t i = 0; i < WORKERS; i++) {
        const struct rog_rule rule = {0};
        struct rog_error err;
        if (flat_worker_push(cluster.workers[i].worker, cluster.rows, NULL, &rule, cluster.now,
                             &err)) /* includes what has been computed ahead */
            fail_msg("%s", err.message);
        const float *waits = rog_worker_residual(cluster.workers[i].worker);
        for (uint64_t k = 0; k < cluster.rows->params; k++)
            expected[k] += cluster.workers[i].stepped[k] - (double)waits[k];
    }
    double worst = 0, moved = 0;
    for (uint64_t k = 0; k < cluster.rows->params; k++) {
        double went = (double)cluster.model[k] - (double)model[k];
        worst = fmax(worst, fabs(went - expected[k] / WORKERS));
        moved = fmax(moved, fabs(went));
    }
    if (!(worst < 2e-5) || moved < 0.01)
        fail_msg("%s %d seed %llu: off by %g of %g", library, threshold, (unsigned long long)seed,
                 worst, moved);
    free(expected);
    free(model);
    cluster_release(&cluster);
    rog_plugin_release(&plugin);
}

static void test_conservation(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        for (int overlap = 0; overlap <= 1; overlap++) {
            hold_to_conservation("ROG", 4, overlap, false, seed);
            hold_to_conservation("ROG", 4, overlap, true, seed);
            hold_to_conservation("BSP", 0, overlap, false, seed);
            hold_to_conservation("SSP", 4, overlap, true, seed);
        }
}

/* Returns the final model of a run without momentum. */
static void train(const struct rog_contribution_config *config, float **model)
{
    struct rog_plugin plugin;
    struct cluster cluster;
    load_strategy(&plugin, "BSP");
    const struct cluster_options options = {.strategy = plugin.strategy,
                                            .workers = WORKERS,
                                            .iterations = 40,
                                            .values = true,
                                            .seed = 5,
                                            .slow_s = 0.05,
                                            .no_momentum = true,
                                            .exact = true,
                                            .contribution = config};
    cluster_init(&cluster, &options, &(struct cluster_watch){0});
    assert_true(cluster_run(&cluster));
    *model = allocate(cluster.rows->params, sizeof **model);
    cluster_model(&cluster, *model);
    cluster_release(&cluster);
    rog_plugin_release(&plugin);
}

/* One local step of plain SGD and an exchange have the effect of its gradient. */
static void test_one_step(void **state)
{
    (void)state;
    struct rog_rows *rows = cluster_rows(false);
    float *by_gradients, *by_deltas;
    double worst = 0;
    train(NULL, &by_gradients);
    train(&deltas, &by_deltas);
    for (uint64_t i = 0; i < rows->params; i++)
        worst = fmax(worst, fabs((double)by_gradients[i] - (double)by_deltas[i]));
    assert_true(worst < 1e-5);
    free(by_gradients);
    free(by_deltas);
    rog_rows_free(rows);
}

/* Overlapping gradients: a pull is in the model only after it was merged, then completely. */
struct seen {
    float *before; /* the model when it was pushed */
};

static void keep_model(struct cluster *cluster, uint32_t worker, const float *gradients)
{
    struct seen *seen = cluster->watch.user;
    (void)gradients;
    memcpy(seen->before, cluster->workers[worker].params, cluster->rows->params * sizeof(float));
}

static void look_at_model(struct cluster *cluster, uint32_t worker)
{
    struct seen *seen = cluster->watch.user;
    struct cluster_worker *at = &cluster->workers[worker];
    size_t bytes = cluster->rows->params * sizeof(float);
    assert_memory_equal(at->params, seen->before, bytes);
    rog_worker_merge(at->worker);
    assert_true(memcmp(at->params, seen->before, bytes) != 0);
    assert_true(cluster_misjudged(cluster, worker) < CLUSTER_ROUNDING);
}

static void test_overlap(void **state)
{
    (void)state;
    struct rog_plugin plugin;
    struct cluster cluster;
    struct rog_contribution_config config = rog_contribution_default;
    struct rog_rows *rows = cluster_rows(false);
    struct seen seen = {.before = allocate(rows->params, sizeof(float))};
    const struct cluster_watch watch = {
        .user = &seen, .pushed = keep_model, .pulled = look_at_model};
    config.overlap = true;
    load_strategy(&plugin, "ROG");
    const struct cluster_options options = {.strategy = plugin.strategy,
                                            .threshold = 4,
                                            .parameters = plugin.parameters,
                                            .workers = 1,
                                            .iterations = 30,
                                            .values = true,
                                            .seed = 2,
                                            .slow_s = 0.05,
                                            .contribution = &config};
    cluster_init(&cluster, &options, &watch);
    assert_true(cluster_run(&cluster));
    cluster_release(&cluster);
    rog_plugin_release(&plugin);
    rog_rows_free(rows);
    free(seen.before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_pushes), cmocka_unit_test(test_clip),
        cmocka_unit_test(test_sent),           cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_once),     cmocka_unit_test(test_rebase),
        cmocka_unit_test(test_join),           cmocka_unit_test(test_conservation),
        cmocka_unit_test(test_one_step),       cmocka_unit_test(test_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
