/* SPDX-License-Identifier: Apache-2.0 */

/* Messages that are well formed but wrong: at the wrong time, of the wrong iteration, duplicated,
 * or not requested. Each is rejected with its cause, without effect. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/message.h>
#include <librog/sync/wire.h>

#include "sync_cluster.h"

#define BUFFER_BYTES 1024

struct table {
    struct rog_rows *rows;
    struct rog_plugin plugin;
    struct rog_server *server;
    struct rog_worker *worker;
    float *model, *params, *gradients;
    uint8_t buffer[BUFFER_BYTES];
};

static void table_init(struct table *table, uint32_t worker_count, int32_t threshold)
{
    struct rog_error err;
    memset(table, 0, sizeof *table);
    load_strategy(&table->plugin, "SSP");
    table->rows = cluster_rows(false);
    table->model = calloc(table->rows->params, sizeof(float));
    table->params = calloc(table->rows->params, sizeof(float));
    table->gradients = calloc(table->rows->params, sizeof(float));
    assert_true(table->model && table->params && table->gradients);
    struct rog_strategy_config policy = {
        .rows = table->rows->row_count, .workers = worker_count, .threshold = threshold};
    struct rog_server_config server = {
        .rows = table->rows, .strategy = table->plugin.strategy, .policy = policy};
    struct rog_worker_config worker = {
        .rows = table->rows, .strategy = table->plugin.strategy, .policy = policy, .worker = 0};
    assert_int_equal(rog_server_new(&table->server, &server, table->model, &err), 0);
    assert_int_equal(flat_worker_new(&table->worker, &worker, table->params, &err), 0);
}

static void table_release(struct table *table)
{
    rog_worker_free(table->worker);
    rog_server_free(table->server);
    free(table->gradients);
    free(table->params);
    free(table->model);
    rog_rows_free(table->rows);
    rog_plugin_release(&table->plugin);
}

/* Makes one message of each kind; rows and tensors first .. first + count - 1. Scales are 1. */
static size_t make(struct table *table, enum rog_wire_kind kind, enum rog_wire_stream stream,
                   uint32_t iteration, uint32_t first, uint32_t count)
{
    const struct rog_wire_header header = {
        .kind = kind, .stream = stream, .values = true, .iteration = iteration};
    const struct rog_history history = {0};
    const float scales[] = {1, 1, 1, 1, 1};
    struct rog_set set;
    size_t size;
    bool begin = kind == ROG_WIRE_BEGIN;
    if (kind == ROG_WIRE_END)
        return rog_wire_put_end(table->buffer, &header, count, 1, NULL);
    assert_int_equal(
        rog_set_init(&set, begin ? table->rows->tensor_count : table->rows->row_count, NULL), 0);
    for (uint32_t i = first; i < first + count; i++)
        rog_set_add(&set, i);
    if (begin) {
        size = rog_wire_put_begin(table->buffer, &header, &set, scales, &history);
    } else {
        size = rog_wire_put_numbers(table->buffer, &header, &set);
        for (uint32_t row = first; kind == ROG_WIRE_ROWS && row < first + count; row++)
            for (size_t i = 0;
                 i < rog_rows_bytes(table->rows, &table->rows->way[ROG_ROWS_PUSH], row)->most; i++)
                table->buffer[size++] = 0;
    }
    rog_set_release(&set);
    return size;
}

static uint64_t digest(const struct table *table)
{
    struct rog_version_view view;
    uint64_t hash = 1;
    rog_server_versions(table->server, &view);
    for (uint32_t row = 0; row < table->rows->row_count; row++)
        hash = hash * 31 + view.version[row];
    hash = hash * 31 + view.latest[0];
    for (uint64_t i = 0; i < table->rows->params; i++) {
        uint32_t bits[2];
        memcpy(bits, &rog_server_change(table->server)[i], 4);
        memcpy(bits + 1, &table->params[i], 4);
        hash = (hash * 31 + bits[0]) * 31 + bits[1];
    }
    return hash;
}

static void server_takes(struct table *table, enum rog_wire_kind kind, enum rog_wire_stream stream,
                         uint32_t iteration, uint32_t first, uint32_t count)
{
    struct rog_error err;
    size_t size = make(table, kind, stream, iteration, first, count);
    if (rog_server_receive(table->server, 0, table->buffer, size, 1, &err))
        fail_msg("%s", err.message);
}

static void server_refuses(struct table *table, const char *cause, enum rog_wire_kind kind,
                           enum rog_wire_stream stream, uint32_t iteration, uint32_t first,
                           uint32_t count)
{
    struct rog_error err = {0};
    struct rog_server_notice notice;
    size_t size = make(table, kind, stream, iteration, first, count);
    uint64_t before = digest(table);
    while (rog_server_notice(table->server, &notice))
        ;
    int code = rog_server_receive(table->server, 0, table->buffer, size, 1, &err);
    if (code != ROG_EFORMAT || !strstr(err.message, cause))
        fail_msg("code %d, \"%s\" instead of \"%s\"", code, err.message, cause);
    assert_non_null(strstr(err.message, "message of worker 1"));
    assert_true(digest(table) == before);
    assert_false(rog_server_notice(table->server, &notice));
}

static void worker_takes(struct table *table, enum rog_wire_kind kind, enum rog_wire_stream stream,
                         uint32_t iteration, uint32_t first, uint32_t count,
                         enum rog_worker_notice expected)
{
    struct rog_error err;
    enum rog_worker_notice notice;
    size_t size = make(table, kind, stream, iteration, first, count);
    if (rog_worker_receive(table->worker, table->buffer, size, 1, &notice, &err))
        fail_msg("%s", err.message);
    assert_int_equal(notice, expected);
}

static void worker_refuses(struct table *table, const char *cause, enum rog_wire_kind kind,
                           enum rog_wire_stream stream, uint32_t iteration, uint32_t first,
                           uint32_t count)
{
    struct rog_error err = {0};
    enum rog_worker_notice notice;
    size_t size = make(table, kind, stream, iteration, first, count);
    uint64_t before = digest(table);
    int code = rog_worker_receive(table->worker, table->buffer, size, 1, &notice, &err);
    if (code != ROG_EFORMAT || !strstr(err.message, cause))
        fail_msg("code %d, \"%s\" instead of \"%s\"", code, err.message, cause);
    assert_int_equal(notice, ROG_WORKER_NOTHING);
    assert_true(digest(table) == before);
}

static void test_server(void **state)
{
    (void)state;
    struct table table;
    table_init(&table, 2, 0);
    struct table *t = &table;
    const uint32_t tensors = table.rows->tensor_count;

    server_refuses(t, "only the server sends", ROG_WIRE_BEGIN, ROG_WIRE_PULL, 1, 0, tensors);
    server_refuses(t, "only the server sends", ROG_WIRE_REQUEST, ROG_WIRE_NONE, 1, 0, 1);
    server_refuses(t, "of iteration 2, expected 1", ROG_WIRE_BEGIN, ROG_WIRE_PUSH, 2, 0, tensors);
    server_refuses(t, "demanded rows of iteration 1, expected 0", ROG_WIRE_BEGIN, ROG_WIRE_DEMANDED,
                   1, 0, 1);
    server_refuses(t, "within nothing", ROG_WIRE_ROWS, ROG_WIRE_PUSH, 1, 0, 3);
    server_refuses(t, "within nothing", ROG_WIRE_END, ROG_WIRE_PUSH, 1, 0, 0);

    server_takes(t, ROG_WIRE_BEGIN, ROG_WIRE_PUSH, 1, 0, tensors);
    server_refuses(t, "a push starts inside a push", ROG_WIRE_BEGIN, ROG_WIRE_PUSH, 1, 0, tensors);
    server_refuses(t, "demanded rows starts inside", ROG_WIRE_BEGIN, ROG_WIRE_DEMANDED, 1, 0, 1);
    server_refuses(t, "of iteration 2 within", ROG_WIRE_ROWS, ROG_WIRE_PUSH, 2, 0, 3);
    server_refuses(t, "within a push", ROG_WIRE_ROWS, ROG_WIRE_DEMANDED, 1, 0, 3);
    server_takes(t, ROG_WIRE_ROWS, ROG_WIRE_PUSH, 1, 0, 3);
    server_refuses(t, "row 2 arrived twice in iteration 1", ROG_WIRE_ROWS, ROG_WIRE_PUSH, 1, 2, 3);
    server_refuses(t, "4 rows announced, 3 received", ROG_WIRE_END, ROG_WIRE_PUSH, 1, 0, 4);
    server_takes(t, ROG_WIRE_END, ROG_WIRE_PUSH, 1, 0, 3);

    /* SSP 0: this worker waits for the other one and for its own rows 3.. */
    server_refuses(t, "before the pull of iteration 1 is over", ROG_WIRE_BEGIN, ROG_WIRE_PUSH, 2, 0,
                   tensors);
    server_takes(t, ROG_WIRE_BEGIN, ROG_WIRE_DEMANDED, 1, 0, 1);
    server_refuses(t, "row 0 arrived twice", ROG_WIRE_ROWS, ROG_WIRE_DEMANDED, 1, 0, 1);
    server_refuses(t, "without a scale", ROG_WIRE_ROWS, ROG_WIRE_DEMANDED, 1, 40, 1);
    server_takes(t, ROG_WIRE_ROWS, ROG_WIRE_DEMANDED, 1, 3, 30);
    server_takes(t, ROG_WIRE_END, ROG_WIRE_DEMANDED, 1, 0, 30);

    /* A message without values, to a server with values. */
    const struct rog_wire_header bare = {
        .kind = ROG_WIRE_END, .stream = ROG_WIRE_PUSH, .iteration = 1};
    struct rog_error err;
    size_t size = rog_wire_put_end(table.buffer, &bare, 0, 1, NULL);
    assert_int_equal(rog_server_receive(table.server, 0, table.buffer, size, 1, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "without values"));
    table_release(&table);
}

/* If no worker ever waits, no rows are demanded. */
static void test_not_demanded(void **state)
{
    (void)state;
    struct table table;
    table_init(&table, 2, ROG_THRESHOLD_INFINITE);
    struct table *t = &table;
    server_takes(t, ROG_WIRE_BEGIN, ROG_WIRE_PUSH, 1, 0, table.rows->tensor_count);
    server_takes(t, ROG_WIRE_ROWS, ROG_WIRE_PUSH, 1, 10, 100);
    server_takes(t, ROG_WIRE_END, ROG_WIRE_PUSH, 1, 0, 100);
    server_takes(t, ROG_WIRE_BEGIN, ROG_WIRE_DEMANDED, 1, 0, 1);
    server_refuses(t, "row 4 was not requested", ROG_WIRE_ROWS, ROG_WIRE_DEMANDED, 1, 4, 1);
    table_release(&table);
}

static void test_worker(void **state)
{
    (void)state;
    struct table table;
    struct rog_error err;
    size_t size;
    table_init(&table, 1, 0);
    struct table *t = &table;
    const uint32_t tensors = table.rows->tensor_count;
    const struct rog_rule rule = {.learning_rate = 1, .momentum = 0.9};

    worker_refuses(t, "only workers send", ROG_WIRE_BEGIN, ROG_WIRE_PUSH, 1, 0, tensors);
    worker_refuses(t, "a pull of iteration 1, expected 0", ROG_WIRE_BEGIN, ROG_WIRE_PULL, 1, 0,
                   tensors);
    worker_refuses(t, "rows of iteration 1 were requested, but this is 0", ROG_WIRE_REQUEST,
                   ROG_WIRE_NONE, 1, 0, 1);
    assert_int_equal(flat_worker_push(table.worker, table.rows, table.gradients, &rule, 0, &err),
                     0);
    worker_refuses(t, "an unexpected pull", ROG_WIRE_BEGIN, ROG_WIRE_PULL, 1, 0, tensors);
    do {
        assert_int_equal(rog_worker_send(table.worker, 0, table.buffer, BUFFER_BYTES, &size, &err),
                         0);
    } while (size > 0);
    worker_refuses(t, "rows outside a pull", ROG_WIRE_ROWS, ROG_WIRE_PULL, 1, 0, 1);
    worker_refuses(t, "outside a pull", ROG_WIRE_END, ROG_WIRE_PULL, 1, 0, 0);
    worker_refuses(t, "expected 1", ROG_WIRE_BEGIN, ROG_WIRE_PULL, 2, 0, tensors);
    worker_takes(t, ROG_WIRE_BEGIN, ROG_WIRE_PULL, 1, 0, tensors, ROG_WORKER_ADMITTED);
    worker_refuses(t, "an unexpected pull", ROG_WIRE_BEGIN, ROG_WIRE_PULL, 1, 0, tensors);
    worker_refuses(t, "expected 1", ROG_WIRE_ROWS, ROG_WIRE_PULL, 2, 0, 1);
    worker_takes(t, ROG_WIRE_ROWS, ROG_WIRE_PULL, 1, 7, 3, ROG_WORKER_NOTHING);
    worker_refuses(t, "row 9 appears twice", ROG_WIRE_ROWS, ROG_WIRE_PULL, 1, 9, 3);
    worker_refuses(t, "row 7 appears twice", ROG_WIRE_ROWS, ROG_WIRE_PULL, 1, 0, 12);
    worker_refuses(t, "2 rows announced, 3 received", ROG_WIRE_END, ROG_WIRE_PULL, 1, 0, 2);
    worker_takes(t, ROG_WIRE_END, ROG_WIRE_PULL, 1, 0, 3, ROG_WORKER_PULLED);
    worker_refuses(t, "outside a pull", ROG_WIRE_END, ROG_WIRE_PULL, 1, 0, 3);

    const struct rog_wire_header bare = {
        .kind = ROG_WIRE_END, .stream = ROG_WIRE_PULL, .iteration = 1};
    enum rog_worker_notice notice;
    size = rog_wire_put_end(table.buffer, &bare, 0, 1, NULL);
    assert_int_equal(rog_worker_receive(table.worker, table.buffer, size, 1, &notice, &err),
                     ROG_EFORMAT);
    assert_non_null(strstr(err.message, "without values"));
    table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_not_demanded),
        cmocka_unit_test(test_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
