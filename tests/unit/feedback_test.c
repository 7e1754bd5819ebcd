/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Error feedback is exact, with any codec, whatever part of a push is sent when, and however often
 * a budget ends first: what a worker has pushed equals what the server received plus what the
 * worker holds back. What the server received equals the change of its model, and a worker's model
 * equals the server's copy of it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/coding.h>
#include <librog/sync/wire.h>

#include "seam_codecs.h"
#include "sync_cluster.h"

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    assert_non_null(memory);
    return memory;
}

/* ---- a strategy with random decisions ---- */

static uint32_t draw_below(uint64_t *seed, uint32_t bound)
{
    return (uint32_t)(rog_random((*seed)++, 1, 0) >> 33) % bound;
}

/* Some rows in some order, some of them mandatory, for some time, each at some level. */
static void plan(const struct rog_strategy_config *config, const struct rog_send_view *view,
                 uint32_t levels, struct rog_send_plan *plan_out)
{
    uint64_t seed = rog_random(config->seed, view->worker + 1, view->iteration);
    uint32_t rows = config->rows;
    for (uint32_t i = 0; i < rows; i++)
        plan_out->order[i] = i;
    for (uint32_t i = rows - 1; i > 0; i--) {
        uint32_t j = draw_below(&seed, i + 1), row = plan_out->order[i];
        plan_out->order[i] = plan_out->order[j];
        plan_out->order[j] = row;
    }
    plan_out->count = draw_below(&seed, rows + 1);
    plan_out->mandatory = draw_below(&seed, plan_out->count + 1);
    plan_out->budget_s = draw_below(&seed, 4);
    for (uint32_t i = 0; i < plan_out->count; i++)
        plan_out->level[plan_out->order[i]] = (uint8_t)draw_below(&seed, levels);
}

static void plan_push(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *out)
{
    (void)state;
    plan(config, view, config->model->levels, out);
}

static void plan_pull(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *out)
{
    (void)state;
    plan(config, view, config->model->pull_levels, out);
}

/* Rows that are too old are demanded. */
static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    uint32_t threshold = (uint32_t)config->threshold;
    for (uint32_t i = 0; i < config->workers && view->iteration > threshold; i++)
        admission->needed[i] = view->iteration - threshold;
}

static const struct rog_strategy anything = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "ANYTHING",
    .version = "1",
    .summary = "any rows",
    .threshold_max = 100,
    .threshold_help = "",
    .plan_push = plan_push,
    .plan_pull = plan_pull,
    .admit = admit,
};

/* ---- the ledger ---- */

/* Sums in double, per worker and element. */
struct ledger {
    uint64_t params;
    uint32_t tensors;
    float *momentum;
    double *pushed, *arrived; /* to be subtracted from the model */
    double *moved;            /* sum of magnitudes, which bounds the rounding */
    float *scale;             /* [worker][tensor] of the current stream */
    float *decoded;           /* as large as the model */
    void *scratch;
    uint64_t partial, messages;
};

static void ledger_init(struct ledger *ledger, const struct cluster *cluster)
{
    size_t workers = cluster->options.workers;
    size_t all = workers * (size_t)cluster->rows->params;
    *ledger =
        (struct ledger){.params = cluster->rows->params,
                        .tensors = cluster->rows->tensor_count,
                        .momentum = allocate(all, sizeof(float)),
                        .pushed = allocate(all, sizeof(double)),
                        .arrived = allocate(all, sizeof(double)),
                        .moved = allocate(all, sizeof(double)),
                        .scale = allocate(workers * cluster->rows->tensor_count, sizeof(float)),
                        .decoded = allocate((size_t)cluster->rows->params, sizeof(float)),
                        .scratch = allocate(rog_rows_scratch_bytes(cluster->rows), 1)};
}

static void ledger_release(struct ledger *ledger)
{
    free(ledger->scratch);
    free(ledger->decoded);
    free(ledger->scale);
    free(ledger->moved);
    free(ledger->arrived);
    free(ledger->pushed);
    free(ledger->momentum);
}

static void pushed(struct cluster *cluster, uint32_t worker, const float *gradients)
{
    struct ledger *ledger = cluster->watch.user;
    const float *w = cluster->workers[worker].params;
    uint64_t base = worker * ledger->params;
    for (uint64_t i = 0; i < ledger->params; i++) {
        float *m = &ledger->momentum[base + i];
        *m = 0.9f * *m + gradients[i];
        double update = (double)cluster->learning_rate *
                        ((double)gradients[i] + 0.9 * (double)*m + 5e-4 / (1 - 0.9) * (double)w[i]);
        ledger->pushed[base + i] += update;
        ledger->moved[base + i] += fabs(update);
    }
}

/* Adds the rows of a message. */
static void add_rows(const struct cluster *cluster, uint32_t worker, const struct rog_wire *wire)
{
    struct ledger *ledger = cluster->watch.user;
    const struct rog_rows *rows = cluster->rows;
    struct rog_coding coding = {.rows = rows,
                                .way = rog_rows_way(rows, ROG_ROWS_PUSH, wire->header.iteration),
                                .scale = ledger->scale + (size_t)worker * ledger->tensors,
                                .scratch = ledger->scratch};
    const uint8_t *at = wire->payload, *end = at + wire->payload_bytes;
    struct rog_wire_numbers numbers = wire->numbers;
    uint32_t first, length;
    rog_coding_begin(&coding);
    while (rog_wire_run(&numbers, &first, &length))
        for (uint32_t row = first; row < first + length; row++) {
            uint64_t offset = rog_rows_offset(rows, row), to = worker * ledger->params + offset;
            uint32_t size = rog_rows_size(rows, row);
            memset(ledger->decoded, 0, size * sizeof *ledger->decoded);
            coding.way->codec->decode(rog_coding_row(&coding, row), 1, at, ledger->decoded);
            for (uint32_t k = 0; k < size; k++) {
                ledger->arrived[to + k] -= (double)ledger->decoded[k];
                ledger->moved[to + k] += fabs((double)ledger->decoded[k]);
            }
            at += rog_coding_length(&coding, row, at, (size_t)(end - at));
        }
}

static void sent(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct ledger *ledger = cluster->watch.user;
    struct rog_wire wire;
    assert_int_equal(rog_wire_parse(cluster->rows, message, size, &wire, NULL), 0);
    float *scale = ledger->scale + (size_t)worker * ledger->tensors;
    uint32_t first, length, index = 0;
    if (wire.header.kind == ROG_WIRE_BEGIN)
        while (rog_wire_run(&wire.numbers, &first, &length))
            for (uint32_t i = first; i < first + length; i++)
                scale[i] = rog_wire_scale(&wire, index++);
    else if (wire.header.kind == ROG_WIRE_ROWS)
        add_rows(cluster, worker, &wire);
    else if (wire.header.kind == ROG_WIRE_END)
        ledger->partial += wire.rows < cluster->rows->row_count;
    ledger->messages++;
}

/* Checks that the worker's model equals the server's copy. */
static void pulled(struct cluster *cluster, uint32_t worker)
{
    const struct ledger *ledger = cluster->watch.user;
    double moved = 0;
    for (uint64_t i = 0; i < ledger->params * cluster->options.workers; i++)
        moved = fmax(moved, ledger->moved[i]);
    assert_true(cluster_misjudged(cluster, worker) < CLUSTER_ROUNDING * (1 + moved));
}

static void check(const struct cluster *cluster, const struct ledger *ledger, const char *name)
{
    uint32_t workers = cluster->options.workers;
    for (uint64_t i = 0; i < ledger->params; i++) {
        double merged = 0, room = 0;
        for (uint32_t worker = 0; worker < workers; worker++) {
            uint64_t at = worker * ledger->params + i;
            double held_back = rog_worker_residual(cluster->workers[worker].worker)[i];
            double left = ledger->pushed[at] - ledger->arrived[at] - held_back;
            if (!(fabs(left) <= 1e-5 * (0.1 + ledger->moved[at])))
                fail_msg("%s: %g of element %llu is lost, of %g", name, left, (unsigned long long)i,
                         ledger->moved[at]);
            merged += ledger->arrived[at] / workers;
            room += 1e-5 * (0.1 + ledger->moved[at]);
        }
        double left = merged + (double)rog_server_change(cluster->server)[i];
        if (!(fabs(left) <= room))
            fail_msg("%s: the model's element %llu is %g from what was sent", name,
                     (unsigned long long)i, left);
    }
}

/* ---- every codec ---- */

static uint64_t run(const struct rog_rows_codecs *codecs, const struct rog_strategy *strategy,
                    const void *parameters, uint64_t seed)
{
    struct cluster_options options = {.strategy = strategy,
                                      .parameters = parameters,
                                      .threshold = 2 + (int32_t)(seed % 4),
                                      .workers = 1 + (uint32_t)(seed % 3),
                                      .iterations = 10,
                                      .values = true,
                                      .codecs = codecs,
                                      .seed = seed,
                                      .slow_s = 0.2};
    struct ledger ledger;
    struct cluster cluster;
    cluster_init(&cluster, &options,
                 &(struct cluster_watch){
                     .user = &ledger, .pushed = pushed, .sent_up = sent, .pulled = pulled});
    ledger_init(&ledger, &cluster);
    assert_true(cluster_run(&cluster));
    cluster_drain(&cluster);
    check(&cluster, &ledger, codecs->push->name);
    uint64_t partial = ledger.partial;
    assert_true(ledger.messages > 0);
    ledger_release(&ledger);
    cluster_release(&cluster);
    return partial;
}

/* Under any strategy, with the codec in both directions or only one, with a warm-up or without. */
static void hold(const struct rog_codec *codec, const struct rog_plugin *rog)
{
    uint64_t partial = 0;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct rog_rng rng;
        rog_rng_init(&rng, seed);
        void *parameters = seam_parameters(codec, seed > 0 ? &rng : NULL);
        struct rog_rows_codecs codecs = {.push = codec,
                                         .push_parameters = parameters,
                                         .pull = seed % 3 == 0 ? rog_codecs[0] : NULL,
                                         .warmup = seed % 4 == 3 ? 3 : 0,
                                         .seed = seed};
        bool any = seed % 4 > 0;
        partial +=
            run(&codecs, any ? &anything : rog->strategy, any ? NULL : rog->parameters, seed);
        free(parameters);
    }
    assert_true(partial > 0);
}

static void test_nothing_is_lost(void **state)
{
    (void)state;
    struct rog_plugin rog;
    load_strategy(&rog, "ROG");
    for (size_t i = 0; rog_codecs[i]; i++)
        hold(rog_codecs[i], &rog);
    for (size_t i = 0; seam_codecs[i]; i++)
        hold(seam_codecs[i], &rog);
    struct rog_plugin skeleton;
    assert_int_equal(rog_plugin_load_codec(&skeleton, TEST_PLUGINS "/codec_skeleton.so", NULL), 0);
    hold(skeleton.codec, &rog);
    rog_plugin_release(&skeleton);
    rog_plugin_release(&rog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
