/* SPDX-License-Identifier: Apache-2.0 */

/* The tables of docs/experiment-files.md, docs/results.md and docs/models.md say what the tables of
 * the program say, row by row. The cluster files of docs/cluster-setup.md are read. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/container.h>
#include <common/file.h>
#include <common/settings.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/conf/look.h>
#include <orchestrator/curves/rule.h>
#include <orchestrator/kinds.h>
#include <rog/iteration.h>

static unsigned missing_rows(const char *document, const struct rog_setting *table)
{
    unsigned missing = 0;
    for (; table->name; table++) {
        char what[384];
        rog_setting_describe(table, what, sizeof what);
        char *row = rog_format("| `%s` | %s | %s |\n", table->name, table->help, what);
        assert_non_null(row);
        if (!strstr(document, row)) {
            print_message("missing: %s", row);
            missing++;
        }
        free(row);
    }
    return missing;
}

static char *read_document(const char *path)
{
    char *document = NULL;
    size_t size = 0;
    struct rog_error err = {0};
    if (rog_file_read(path, 1 << 20, &document, &size, &err))
        fail_msg("%s", err.message);
    return document;
}

static void test_settings_are_documented(void **state)
{
    (void)state;
    char *document = read_document(DOCS "/experiment-files.md");
    unsigned missing =
        missing_rows(document, rog_run_settings) + missing_rows(document, rog_curve_settings) +
        missing_rows(document, rog_look_settings) + missing_rows(document, rog_worker_settings) +
        missing_rows(document, rog_cluster_run_settings) +
        missing_rows(document, rog_cluster_hosts_settings) +
        missing_rows(document, rog_cluster_host_settings) +
        missing_rows(document, rog_container_settings);
    for (size_t i = 0; rog_cluster_kinds[i]; i++) {
        const struct rog_cluster_kind *kind = rog_cluster_kinds[i];
        char *row = rog_format("| `%s` | %s", kind->name, kind->summary);
        if (!strstr(document, row)) {
            print_message("missing: %s\n", row);
            missing++;
        }
        free(row);
        missing += kind->settings ? missing_rows(document, kind->settings) : 0;
    }
    free(document);
    assert_int_equal(missing, 0);
}

/* The example of a kind has a line for each of its settings. */
static void test_examples_have_every_setting(void **state)
{
    (void)state;
    unsigned missing = 0;
    for (size_t i = 0; rog_cluster_kinds[i]; i++) {
        const struct rog_cluster_kind *kind = rog_cluster_kinds[i];
        if (!kind->runs_as)
            continue;
        char *path = rog_format(DOCS "/../experiments/clusters/%s.conf", kind->name);
        char *example = read_document(path);
        for (const struct rog_setting *row = kind->settings; row->name; row++) {
            char *given = rog_format("\n%s = ", row->name);
            char *aside = rog_format("\n# %s = ", row->name);
            bool is_there = strstr(example, given) || strstr(example, aside);
            if (!is_there)
                print_message("missing: %s in %s\n", row->name, path);
            missing += !is_there;
            free(given);
            free(aside);
        }
        free(example);
        free(path);
    }
    assert_int_equal(missing, 0);
}

/* All of them, in their order, and no others. */
static void test_columns_are_documented(void **state)
{
    (void)state;
    char *document = read_document(DOCS "/results.md");
    const char *head = "| column | unit | what it is |\n|---|---|---|\n";
    const char *at = strstr(document, head);
    assert_non_null(at);
    at += strlen(head);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        char *row = rog_format("| `%s` | %s | %s |\n", c->name, c->unit ? c->unit : "", c->meaning);
        assert_non_null(row);
        if (strncmp(at, row, strlen(row)) != 0)
            fail_msg("missing: %s", row);
        at += strlen(row);
        free(row);
    }
    assert_true(*at == '\n');
    free(document);
}

static void test_models_are_documented(void **state)
{
    (void)state;
    char *document = read_document(DOCS "/models.md");
    char *models = rog_strdup(rog_setting_find(rog_run_settings, "model")->choices);
    char *rest = NULL;
    assert_non_null(models);
    for (char *name = strtok_r(models, "|", &rest); name; name = strtok_r(NULL, "|", &rest)) {
        char *row = rog_format("\n| `%s` | ", name);
        assert_non_null(row);
        if (!strstr(document, row))
            fail_msg("missing: %s", row);
        free(row);
    }
    free(models);
    free(document);
}

/* The indented block at `at`, as a file. */
static void write_block(const char *at, const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    while (strncmp(at, "    ", 4) == 0) {
        size_t length = strcspn(at, "\n") + 1;
        fwrite(at + 4, 1, length - 4, file);
        at += length;
    }
    assert_int_equal(fclose(file), 0);
}

/* As many hosts as the text says they have. */
static void test_cluster_files_are_right(void **state)
{
    static const size_t hosts[] = {3, 10, 50};
    static const char begin[] = "\n    kind = \"ssh\";\n";
    char path[] = "/tmp/rog-docs-XXXXXX";
    size_t count = 0;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    char *document = read_document(DOCS "/cluster-setup.md");
    for (const char *at = document; (at = strstr(at, begin)); at++, count++) {
        struct rog_cluster *cluster = NULL;
        struct rog_error err = {0};
        write_block(at + 1, path);
        if (rog_cluster_read(&cluster, path, NULL, DOCS "/../experiments/profiles.conf",
                             rog_cluster_kinds, &err))
            fail_msg("%s", err.message);
        assert_true(count < sizeof hosts / sizeof *hosts);
        assert_int_equal(rog_json_size(cluster->workers) + 1, hosts[count]);
        rog_cluster_free(cluster);
    }
    assert_int_equal(count, sizeof hosts / sizeof *hosts);
    unlink(path);
    free(document);
}

static const struct {
    const char *part, *folder, *end; /* PART/NAME is the file FOLDER/NAME.END */
} tests_of[] = {
    {"system/", DOCS "/../tests/system", ".sh"},
    {"unit/", DOCS "/../tests/unit", "_test.c"},
    {"fuzz/", DOCS "/../tests/unit", "_fuzz.c"},
};

/* What is said to hold the promises is there. */
static void test_promises_are_tested(void **state)
{
    (void)state;
    char *document = read_document(DOCS "/security.md");
    size_t count = 0;
    for (size_t i = 0; i < sizeof tests_of / sizeof *tests_of; i++) {
        for (const char *at = document; (at = strstr(at, tests_of[i].part)); count++) {
            char name[64];
            at += strlen(tests_of[i].part);
            snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "`"), at);
            char *file = rog_format("%s/%s%s", tests_of[i].folder, name, tests_of[i].end);
            if (!file || !rog_file_exists(file))
                fail_msg("there is no test %s%s", tests_of[i].part, name);
            free(file);
        }
    }
    assert_true(count > 20);
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_documented),
        cmocka_unit_test(test_examples_have_every_setting),
        cmocka_unit_test(test_columns_are_documented),
        cmocka_unit_test(test_models_are_documented),
        cmocka_unit_test(test_cluster_files_are_right),
        cmocka_unit_test(test_promises_are_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
