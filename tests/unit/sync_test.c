/* SPDX-License-Identifier: Apache-2.0 */

/* What the exchange of gradients and models guarantees, whatever is sent when. */

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/wire.h>

#include "sync_cluster.h"

/* ---- conservation ---- */

/* Sums in double of everything pushed, sent and merged, per worker and element. */
struct ledger {
    uint64_t params;
    float *momentum;                           /* [worker][element] */
    double *pushed, *sent;                     /* [worker][element] */
    double *arrived, *pulled;                  /* [worker][element] */
    float *scale_up, *scale_sent, *scale_down; /* [worker][tensor] of the stream in progress */
    float *start;
    uint32_t tensors;
    uint64_t partial; /* pushes that did not contain all rows */
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    assert_non_null(memory);
    return memory;
}

static void ledger_init(struct ledger *ledger, const struct cluster *cluster)
{
    size_t all = cluster->options.workers * (size_t)cluster->rows->params;
    size_t scales = (size_t)cluster->options.workers * cluster->rows->tensor_count;
    *ledger = (struct ledger){.params = cluster->rows->params,
                              .tensors = cluster->rows->tensor_count,
                              .momentum = allocate(all, sizeof(float)),
                              .pushed = allocate(all, sizeof(double)),
                              .sent = allocate(all, sizeof(double)),
                              .arrived = allocate(all, sizeof(double)),
                              .pulled = allocate(all, sizeof(double)),
                              .scale_up = allocate(scales, sizeof(float)),
                              .scale_sent = allocate(scales, sizeof(float)),
                              .scale_down = allocate(scales, sizeof(float)),
                              .start = allocate(cluster->rows->params, sizeof(float))};
    memcpy(ledger->start, cluster->model, ledger->params * sizeof(float));
}

static void ledger_release(struct ledger *ledger)
{
    free(ledger->start);
    free(ledger->scale_down);
    free(ledger->scale_sent);
    free(ledger->scale_up);
    free(ledger->pulled);
    free(ledger->arrived);
    free(ledger->sent);
    free(ledger->pushed);
    free(ledger->momentum);
}

/* Adds the rows of a message to `sum`; scales are those of its stream. */
static void add_message(const struct cluster *cluster, const uint8_t *message, size_t size,
                        float *scale, double *sum)
{
    struct rog_wire wire;
    uint32_t first, length, index = 0;
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    if (wire.header.kind == ROG_WIRE_BEGIN) {
        while (rog_wire_run(&wire.numbers, &first, &length))
            for (uint32_t i = first; i < first + length; i++)
                scale[i] = rog_wire_scale(&wire, index++);
    }
    if (wire.header.kind != ROG_WIRE_ROWS)
        return;
    const uint8_t *signs = wire.payload;
    while (rog_wire_run(&wire.numbers, &first, &length)) {
        for (uint32_t row = first; row < first + length; row++) {
            double s = scale[cluster->rows->row_tensor[row]];
            uint64_t offset = rog_rows_offset(cluster->rows, row);
            for (uint32_t k = 0; k < rog_rows_size(cluster->rows, row); k++)
                sum[offset + k] += signs[k / 8] >> (k % 8) & 1 ? -s : s;
            signs += rog_rows_bytes(cluster->rows, &cluster->rows->way[ROG_ROWS_PUSH], row)->most;
        }
    }
}

static void ledger_pushed(struct cluster *cluster, uint32_t worker, const float *gradients)
{
    struct ledger *ledger = cluster->watch.user;
    const float *w = cluster->workers[worker].params;
    uint64_t base = worker * ledger->params;
    for (uint64_t i = 0; i < ledger->params; i++) {
        float *m = &ledger->momentum[base + i];
        *m = 0.9f * *m + gradients[i];
        ledger->pushed[base + i] +=
            (double)cluster->learning_rate *
            ((double)gradients[i] + 0.9 * (double)*m + 5e-4 / (1 - 0.9) * (double)w[i]);
    }
}

static void ledger_sent_up(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                           size_t size)
{
    struct ledger *ledger = cluster->watch.user;
    struct rog_wire wire;
    add_message(cluster, message, size, ledger->scale_sent + worker * ledger->tensors,
                ledger->sent + worker * ledger->params);
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    if (wire.header.kind == ROG_WIRE_END && wire.rows < cluster->rows->row_count)
        ledger->partial++;
}

static void ledger_arriving(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                            size_t size)
{
    struct ledger *ledger = cluster->watch.user;
    add_message(cluster, message, size, ledger->scale_up + worker * ledger->tensors,
                ledger->arrived + worker * ledger->params);
}

static void ledger_sent_down(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                             size_t size)
{
    struct ledger *ledger = cluster->watch.user;
    if (message[1] != ROG_WIRE_REQUEST)
        add_message(cluster, message, size, ledger->scale_down + worker * ledger->tensors,
                    ledger->pulled + worker * ledger->params);
}

/* Checks that the worker's model equals the server's copy. */
static void same_model(struct cluster *cluster, uint32_t worker)
{
    assert_true(cluster_misjudged(cluster, worker) < CLUSTER_ROUNDING);
}

static void check_ledger(const struct cluster *cluster, const struct ledger *ledger)
{
    uint32_t workers = cluster->options.workers;
    for (uint64_t i = 0; i < ledger->params; i++) {
        double merged = 0;
        for (uint32_t worker = 0; worker < workers; worker++) {
            uint64_t at = worker * ledger->params + i;
            const struct cluster_worker *w = &cluster->workers[worker];
            double held_back = rog_worker_residual(w->worker)[i];
            double held = rog_server_held(cluster->server, worker)[i];
            assert_true(fabs(ledger->pushed[at] - ledger->sent[at] - held_back) < 2e-5);
            assert_true(fabs(ledger->pulled[at] + held) < 2e-5);
            merged += ledger->arrived[at] / workers;
        }
        assert_true(fabs(merged + (double)rog_server_change(cluster->server)[i]) < 2e-5);
    }
}

static void test_nothing_is_lost(void **state)
{
    (void)state;
    static const int32_t thresholds[] = {2, 4, 8, 20};
    struct rog_plugin plugin;
    uint64_t partial = 0;
    load_strategy(&plugin, "ROG");
    for (uint32_t seed = 0; seed < 60; seed++) {
        struct cluster_options options = {.strategy = plugin.strategy,
                                          .parameters = plugin.parameters,
                                          .threshold = thresholds[seed % 4],
                                          .workers = 1 + seed % 5,
                                          .iterations = 12,
                                          .values = true,
                                          .leaves = seed % 3 == 0,
                                          .seed = seed,
                                          .slow_s = 0.3};
        struct ledger ledger;
        struct cluster cluster;
        cluster_init(&cluster, &options,
                     &(struct cluster_watch){.user = &ledger,
                                             .pushed = ledger_pushed,
                                             .sent_up = ledger_sent_up,
                                             .sent_down = ledger_sent_down,
                                             .arriving = ledger_arriving,
                                             .pulled = same_model});
        ledger_init(&ledger, &cluster);
        assert_true(cluster_run(&cluster));
        check_ledger(&cluster, &ledger);
        partial += ledger.partial;
        ledger_release(&ledger);
        cluster_release(&cluster);
    }
    assert_true(partial > 500);
    rog_plugin_release(&plugin);
}

/* ---- convergence ---- */

static double largest_difference(const float *a, const float *b, uint64_t n)
{
    double largest = 0;
    for (uint64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)a[i] - (b ? (double)b[i] : 0)));
    return largest;
}

/* From some iteration on there are no more gradients (the learning rate is 0): with every row sent,
 * held back values are sent and all models become equal. */
static void test_models_converge(void **state)
{
    (void)state;
    struct rog_plugin plugin;
    load_strategy(&plugin, "BSP");
    for (uint32_t seed = 0; seed < 3; seed++) {
        struct cluster_options options = {.strategy = plugin.strategy,
                                          .parameters = plugin.parameters,
                                          .workers = 3,
                                          .iterations = 1500,
                                          .values = true,
                                          .small = true,
                                          .seed = seed,
                                          .slow_s = 0.1};
        struct cluster cluster;
        cluster_init(&cluster, &options,
                     &(struct cluster_watch){.pushed = NULL, .pulled = same_model});
        cluster.calm_after = 10;
        assert_true(cluster_run(&cluster));
        float *model = allocate(cluster.rows->params, sizeof *model);
        cluster_model(&cluster, model);
        for (uint32_t i = 0; i < options.workers; i++) {
            const float *params = cluster.workers[i].params;
            const float *residual = rog_worker_residual(cluster.workers[i].worker);
            double apart = largest_difference(model, params, cluster.rows->params);
            double left = largest_difference(residual, NULL, cluster.rows->params);
            if (apart > CLUSTER_ROUNDING || left > 1e-6)
                fail_msg("worker %u: %g from the model, %g held back", i, apart, left);
        }
        free(model);
        cluster_release(&cluster);
    }
    rog_plugin_release(&plugin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost),
        cmocka_unit_test(test_models_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
