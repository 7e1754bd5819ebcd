/* SPDX-License-Identifier: Apache-2.0 */

/* The size of an exchange on the wire: close to one bit per parameter, and the same with and
 * without values. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/message.h>
#include <trainer/nn/arch.h>

#include "sync_cluster.h"

#define MESSAGE_BYTES 65536

static struct rog_rows *rows_of(const char *model)
{
    struct rog_arch *arch;
    struct rog_rows *rows;
    struct rog_error err;
    if (rog_arch_new(&arch, model, 100, 32, &err))
        fail_msg("%s", err.message);
    uint32_t *dims = calloc(arch->tensor_count, sizeof *dims);
    uint32_t *shapes = calloc((size_t)arch->tensor_count * ROG_TENSOR_MAX_DIMS, sizeof *shapes);
    assert_true(dims && shapes);
    uint32_t count = 0;
    for (uint32_t i = 0; i < arch->tensor_count; i++) {
        dims[i] = arch->tensors[i].dims;
        for (uint32_t k = 0; k < dims[i]; k++)
            shapes[count++] = arch->tensors[i].shape[k];
    }
    if (rog_rows_new(&rows, dims, shapes, arch->tensor_count, &err))
        fail_msg("%s", err.message);
    free(shapes);
    free(dims);
    rog_arch_free(arch);
    return rows;
}

struct weights {
    uint64_t push, pull;
};

/* Makes one iteration of one worker; every message must count what it would with values. */
static struct weights exchange(const char *library, int32_t threshold, const struct rog_rows *rows,
                               bool values)
{
    struct rog_plugin plugin;
    struct rog_error err;
    struct rog_server *server;
    struct rog_worker *worker;
    struct weights weights = {0};
    size_t size, floats = values ? rows->params : 1;
    const struct rog_rule rule = {.learning_rate = 1, .momentum = 0.9};
    load_strategy(&plugin, library);
    float *model = calloc(floats, sizeof *model), *params = calloc(floats, sizeof *params);
    float *gradients = calloc(floats, sizeof *gradients);
    uint8_t *buffer = malloc(MESSAGE_BYTES);
    assert_true(model && params && gradients && buffer);
    struct rog_strategy_config policy = {.rows = rows->row_count,
                                         .workers = 1,
                                         .threshold = threshold,
                                         .parameters = plugin.parameters};
    struct rog_server_config server_config = {
        .rows = rows, .strategy = plugin.strategy, .policy = policy};
    struct rog_worker_config worker_config = {
        .rows = rows, .strategy = plugin.strategy, .policy = policy, .worker = 0};
    assert_int_equal(rog_server_new(&server, &server_config, values ? model : NULL, &err), 0);
    assert_int_equal(flat_worker_new(&worker, &worker_config, values ? params : NULL, &err), 0);
    assert_int_equal(flat_worker_push(worker, rows, values ? gradients : NULL, &rule, 0, &err), 0);
    for (;;) {
        assert_int_equal(rog_worker_send(worker, 0, buffer, MESSAGE_BYTES, &size, &err), 0);
        if (size == 0)
            break;
        size_t wire_bytes = rog_message_wire_bytes(rows, buffer, size);
        assert_true(wire_bytes <= MESSAGE_BYTES);
        assert_true(values ? wire_bytes == size : wire_bytes >= size);
        weights.push += wire_bytes;
        assert_int_equal(rog_server_receive(server, 0, buffer, size, 0, &err), 0);
    }
    struct rog_worker_status status;
    rog_worker_status(worker, &status);
    assert_int_equal(status.bytes_pushed, weights.push);
    for (;;) {
        enum rog_worker_notice notice;
        assert_int_equal(rog_server_send(server, 0, 0, buffer, MESSAGE_BYTES, &size, &err), 0);
        if (size == 0)
            break;
        weights.pull += rog_message_wire_bytes(rows, buffer, size);
        assert_int_equal(rog_worker_receive(worker, buffer, size, 0, &notice, &err), 0);
    }
    rog_worker_status(worker, &status);
    assert_int_equal(status.bytes_pulled, weights.pull);
    rog_worker_free(worker);
    rog_server_free(server);
    free(buffer);
    free(gradients);
    free(params);
    free(model);
    rog_plugin_release(&plugin);
    return weights;
}

/* Rows, parameters and tensors as in the published logs; the published system sends 2,123,965 bytes
 * in a full exchange of ConvMLP-M. */
static void test_published_models(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        uint64_t params;
        uint32_t tensors, rows;
    } models[] = {{"convmlp-l", 42036340, 271, 58552},
                  {"convmlp-m", 16948804, 226, 33307},
                  {"convmlp-s", 8561220, 157, 17965}};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct rog_rows *rows = rows_of(models[i].model);
        assert_int_equal(rows->params, models[i].params);
        assert_int_equal(rows->tensor_count, models[i].tensors);
        assert_int_equal(rows->row_count, models[i].rows);
        uint64_t bits = (models[i].params + 7) / 8;
        struct weights weights = exchange("SSP", 4, rows, false);
        assert_true(weights.push > bits && weights.push < bits + bits / 200);
        assert_true(weights.pull > bits && weights.pull < bits + bits / 200);
        uint64_t full = rows->way[ROG_ROWS_PUSH].wire_bytes;
        assert_true(full < weights.push && weights.push < full + full / 500);
        rog_rows_free(rows);
    }
}

static void test_values_weigh_the_same(void **state)
{
    (void)state;
    struct rog_rows *rows = rows_of("convmlp-nano");
    static const struct {
        const char *library;
        int32_t threshold;
    } cases[] = {{"BSP", 0}, {"ROG", 1}, {"ROG", 4}};
    for (size_t i = 0; i < 3; i++) {
        struct weights with = exchange(cases[i].library, cases[i].threshold, rows, true);
        struct weights without = exchange(cases[i].library, cases[i].threshold, rows, false);
        assert_int_equal(with.push, without.push);
        assert_int_equal(with.pull, without.pull);
    }
    rog_rows_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_models),
        cmocka_unit_test(test_values_weigh_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
