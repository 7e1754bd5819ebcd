/* SPDX-License-Identifier: Apache-2.0 */

/* What drivers report of an iteration, in the event stream: each member under its name, in its
 * place and with its value. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <librog/events/iteration.h>

#include "sync_cluster.h"

struct report {
    char path[64];
    const struct rog_iteration *row;
    bool layers, made;
};

/* No two values are equal, and they are in no order. */
static struct rog_iteration some_row(void)
{
    struct rog_iteration row;
    rog_iteration_init(&row);
    row.rank = 1;
    row.iteration = 70;
    row.t = 1234.56789012;
    row.compute_s = 8.25;
    row.push_s = 6.1234567;
    row.pull_s = 9.5;
    row.stall_s = 5;
    row.rows_total = 19;
    row.bytes_pushed = 5000000000;
    row.bytes_pulled = 4000;
    row.loss = 2.123456789123;
    row.staleness = 2;
    return row;
}

static void make_report(struct report *report, struct cluster *cluster)
{
    struct rog_events *events;
    struct rog_layers *layers = NULL;
    struct rog_error err = {0};
    struct rog_iteration row = *report->row;
    assert_int_equal(rog_events_open(&events, report->path, &err), 0);
    if (report->layers)
        assert_int_equal(rog_layers_new(&layers, cluster->rows, &err), 0);
    assert_int_equal(rog_iteration_report(events, layers, cluster->workers[0].worker, &row, &err),
                     0);
    assert_int_equal(rog_events_close(events, &err), 0);
    rog_layers_free(layers);
    report->made = true;
}

/* Called when its three rows are sent, and nothing has been pulled. */
static void sent_up(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size)
{
    struct report *report = cluster->watch.user;
    struct rog_worker_status status;
    (void)message;
    (void)size;
    rog_worker_status(cluster->workers[worker].worker, &status);
    if (worker || report->made || status.rows_pushed < 3)
        return;
    make_report(report, cluster);
    cluster->stop = true;
}

static void expect(const struct rog_iteration *row, bool layers, const char *wanted)
{
    struct report report = {"/tmp/rog-iteration-XXXXXX", row, layers, false};
    struct rog_plugin plugin;
    struct cluster cluster;
    struct rog_error err = {0};
    char *text = NULL;
    size_t size = 0;
    int file = mkstemp(report.path);
    assert_true(file >= 0);
    close(file);
    load_strategy(&plugin, "BSP");
    const struct cluster_options options = {
        .strategy = plugin.strategy, .workers = 1, .iterations = 1, .small = true, .seed = 1};
    const struct cluster_watch watch = {.user = &report, .sent_up = sent_up};
    cluster_init(&cluster, &options, &watch);
    cluster_run(&cluster);
    cluster_release(&cluster);
    rog_plugin_release(&plugin);
    assert_true(report.made);
    assert_int_equal(rog_file_read(report.path, 4096, &text, &size, &err), 0);
    unlink(report.path);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_every_member_under_its_name(void **state)
{
    (void)state;
    struct rog_iteration row = some_row();
    expect(&row, false,
           "{\"event\":\"iteration\",\"t\":1234.56789,\"rank\":1,\"iteration\":70,"
           "\"compute_s\":8.25,\"push_s\":6.123457,\"pull_s\":9.5,\"stall_s\":5,"
           "\"rows_pushed\":3,\"rows_pulled\":0,\"rows_total\":19,\"bytes_pushed\":5000000000,"
           "\"bytes_pulled\":4000,\"loss\":2.12345679,\"staleness\":2,\"local_steps\":1,\"age_"
           "pushed\":1}\n");
}

static void test_unknown_values_are_omitted(void **state)
{
    (void)state;
    struct rog_iteration row;
    rog_iteration_init(&row);
    row.rank = 2;
    row.iteration = 1;
    row.t = 3;
    row.push_s = 4;
    expect(&row, false,
           "{\"event\":\"iteration\",\"t\":3,\"rank\":2,\"iteration\":1,\"push_s\":4,"
           "\"rows_pushed\":3,\"rows_pulled\":0,\"local_steps\":1,\"age_pushed\":1}\n");
}

static void test_rows_of_layers_follow(void **state)
{
    (void)state;
    struct rog_iteration row;
    rog_iteration_init(&row);
    row.rank = 2;
    row.iteration = 5;
    row.t = 3;
    expect(&row, true,
           "{\"event\":\"iteration\",\"t\":3,\"rank\":2,\"iteration\":5,"
           "\"rows_pushed\":3,\"rows_pulled\":0,\"local_steps\":1,\"age_pushed\":1}\n"
           "{\"event\":\"rows\",\"t\":3,\"rank\":2,\"iteration\":5,"
           "\"pushed\":[1,1,1],\"pulled\":[0,0,0]}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_member_under_its_name),
        cmocka_unit_test(test_unknown_values_are_omitted),
        cmocka_unit_test(test_rows_of_layers_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
