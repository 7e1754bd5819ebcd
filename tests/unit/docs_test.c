/* SPDX-License-Identifier: Apache-2.0 */

/* The tables of docs/experiment-files.md, cluster-files.md, results.md and models.md are equal to
 * the program's tables, row by row. The cluster files of docs/cluster-setup.md can be read. Links
 * between documents have existing targets. */

#include <ctype.h>
#include <glob.h>
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
#include <orchestrator/conf/hosts_file.h>
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

static void test_settings_of_runs_are_documented(void **state)
{
    (void)state;
    char *document = read_document(DOCS "/experiment-files.md");
    unsigned missing = missing_rows(document, rog_run_settings) +
                       missing_rows(document, rog_curve_settings) +
                       missing_rows(document, rog_look_settings);
    free(document);
    assert_int_equal(missing, 0);
}

static void test_settings_of_clusters_are_documented(void **state)
{
    (void)state;
    char *document = read_document(DOCS "/cluster-files.md");
    unsigned missing = missing_rows(document, rog_worker_settings) +
                       missing_rows(document, rog_cluster_run_settings) +
                       missing_rows(document, rog_cluster_hosts_settings) +
                       missing_rows(document, rog_cluster_host_settings) +
                       missing_rows(document, rog_container_settings) +
                       missing_rows(document, rog_hosts_settings) +
                       missing_rows(document, rog_hosts_host_settings);
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

/* All columns, in order, and no others. */
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

/* Writes the indented block at `at` to a file. */
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

/* Each has the number of hosts that the text states. */
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

/* Each test that is named for a promise exists. */
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

/* Returns whether `document` has a heading with this anchor on GitHub. */
static bool has_anchor(const char *document, const char *anchor)
{
    for (const char *at = document; (at = strstr(at, "\n#")); at++) {
        char slug[256];
        size_t length = 0;
        for (at += 1 + strspn(at + 1, "# "); *at && *at != '\n' && length + 1 < sizeof slug; at++) {
            if (isalnum((unsigned char)*at) || *at == '-' || *at == '_')
                slug[length++] = (char)tolower((unsigned char)*at);
            else if (*at == ' ')
                slug[length++] = '-';
        }
        slug[length] = '\0';
        at--;
        if (strcmp(slug, anchor) == 0)
            return true;
    }
    return false;
}

/* `link` is in the document at `path`: FILE, FILE#ANCHOR or #ANCHOR. */
static bool leads_somewhere(const char *path, const char *link)
{
    size_t length = strcspn(link, "#");
    const char *slash = strrchr(path, '/');
    char *target = length ? rog_format("%.*s/%.*s", (int)(slash - path), path, (int)length, link)
                          : rog_strdup(path);
    assert_non_null(target);
    bool is_there = rog_file_exists(target);
    if (is_there && link[length] == '#') {
        char *document = read_document(target);
        is_there = has_anchor(document, link + length + 1);
        free(document);
    }
    free(target);
    return is_there;
}

static unsigned broken_links(const char *path)
{
    char *document = read_document(path);
    unsigned broken = 0;
    for (const char *at = document; (at = strstr(at, "](")); at++) {
        char link[256];
        snprintf(link, sizeof link, "%.*s", (int)strcspn(at + 2, ")\n "), at + 2);
        if (strstr(link, "://") || leads_somewhere(path, link))
            continue;
        print_message("%s: %s leads nowhere\n", path, link);
        broken++;
    }
    free(document);
    return broken;
}

static glob_t all_documents(void)
{
    glob_t found;
    assert_int_equal(glob(DOCS "/*.md", 0, NULL, &found), 0);
    assert_int_equal(glob(DOCS "/*/*.md", GLOB_APPEND, NULL, &found), 0);
    return found;
}

static void test_links_lead_somewhere(void **state)
{
    (void)state;
    unsigned broken = 0;
    glob_t found = all_documents();
    assert_int_equal(glob(DOCS "/../*.md", GLOB_APPEND, NULL, &found), 0);
    assert_int_equal(glob(DOCS "/../*/README.md", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        broken += broken_links(found.gl_pathv[i]);
    globfree(&found);
    assert_int_equal(broken, 0);
}

/* docs/README.md has a line for each document. */
static void test_documents_are_in_the_index(void **state)
{
    (void)state;
    char *index = read_document(DOCS "/README.md");
    unsigned missing = 0;
    glob_t found = all_documents();
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *name = found.gl_pathv[i] + strlen(DOCS "/");
        char *link = rog_format("](%s)", name);
        bool is_there = strcmp(name, "README.md") == 0 || strstr(index, link);
        if (!is_there)
            print_message("missing: %s\n", name);
        missing += !is_there;
        free(link);
    }
    globfree(&found);
    free(index);
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_of_runs_are_documented),
        cmocka_unit_test(test_settings_of_clusters_are_documented),
        cmocka_unit_test(test_examples_have_every_setting),
        cmocka_unit_test(test_columns_are_documented),
        cmocka_unit_test(test_models_are_documented),
        cmocka_unit_test(test_cluster_files_are_right),
        cmocka_unit_test(test_promises_are_tested),
        cmocka_unit_test(test_links_lead_somewhere),
        cmocka_unit_test(test_documents_are_in_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
