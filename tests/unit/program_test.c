/* SPDX-License-Identifier: Apache-2.0 */
/* A program's files as they are written, and the output of its test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <trainer/run/program.h>
#include <trainer/run/program_tester.h>

static int make_folder(void **state)
{
    char *folder = strdup("/tmp/rog-program-XXXXXX");
    *state = folder;
    return folder && mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    rog_dir_remove(*state, NULL);
    free(*state);
    return 0;
}

/* Runs the test of a checkpoint with this output. */
static int test_prints(const char *folder, const char *words, double *accuracy,
                       struct rog_error *err)
{
    char test[256];
    snprintf(test, sizeof test, "printf -- '%s'", words);
    char *checkpoint = rog_path_join(folder, "checkpoint");
    char *config_path = rog_path_join(folder, "config.json");
    const struct rog_run_config config = {.command = "true", .test = test};
    struct rog_program_tester *tester = NULL;
    struct rog_test_result result = {0};
    assert_int_equal(rog_file_write(checkpoint, "x", 1, err), 0);
    assert_int_equal(rog_file_write(config_path, "{}", 2, err), 0);
    int code = rog_program_tester_new(&tester, &config, config_path, true, err);
    if (!code)
        code = rog_program_tester_run(tester, checkpoint, &result, err);
    rog_program_tester_free(tester);
    free(config_path);
    *accuracy = result.accuracy;
    free(checkpoint);
    return code;
}

static void accuracies(void **state)
{
    static const struct {
        const char *words;
        double accuracy;
    } good[] = {
        {"64.3\\n", 64.3},
        {"64.3", 64.3},
        {" 64.3%%\\r\\n\\n \\n", 64.3},
        {"12\\n64.3 of 100\\n", 64.3},
        {"0", 0},
        {"1e2\\n", 100},
        {"+6.43e1%% right\\n", 64.3},
        {".5\\tpercent\\n", .5},
    };
    static const char *const bad[] = {
        "64,3\\n", "64.3,\\n",    "64.3;1\\n", "64.3x\\n", "64.3%%x\\n",
        "nan\\n",  "inf\\n",      "0x40\\n",   "-1\\n",    "100.1\\n",
        "",        "about 64\\n", "64.3.1\\n", "1e\\n",    "64 %%\\n64,3\\n",
    };
    struct rog_error err;
    double accuracy;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (test_prints(*state, good[i].words, &accuracy, &err))
            fail_msg("%s", err.message);
        assert_true(fabs(accuracy - good[i].accuracy) < 1e-12);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!test_prints(*state, bad[i], &accuracy, &err))
            fail_msg("%s is taken for %g%%", bad[i], accuracy);
        assert_non_null(strstr(err.message, "must begin with"));
    }
    assert_int_not_equal(test_prints(*state, "64,3\\n", &accuracy, &err), 0);
    assert_non_null(strstr(err.message, "(found \"64,3\")"));
}

static struct rog_json *list(const char *const *words)
{
    struct rog_json *made = rog_json_array();
    for (; *words; words++)
        rog_json_append(made, rog_json_new_string(*words));
    return made;
}

static int lay(const char *folder, const char *const *names, const char *executable, char **path,
               struct rog_error *err)
{
    static const char *const texts[] = {"#!/bin/sh\necho 1\n", "x = 1\n", NULL};
    const char *const executables[] = {executable, NULL};
    char *config_path = rog_path_join(folder, "config.json");
    struct rog_json *files = list(names), *sources = list(texts), *marked = list(executables);
    const struct rog_run_config config = {
        .command = "true", .files = files, .sources = sources, .executables = marked};
    assert_int_equal(rog_file_write(config_path, "{}", 2, err), 0);
    int code = rog_program_prepare_test(&config, config_path, path, err);
    rog_json_free(files);
    rog_json_free(sources);
    rog_json_free(marked);
    free(config_path);
    return code;
}

static void files_keep_what_they_may(void **state)
{
    static const char *const names[] = {"tools/run.sh", "a..b.py", NULL};
    struct rog_error err;
    struct stat script, module;
    char *path = NULL;
    mode_t before = umask(027);
    if (lay(*state, names, "tools/run.sh", &path, &err))
        fail_msg("%s", err.message);
    umask(before);
    char *script_path = rog_path_join(path, names[0]), *module_path = rog_path_join(path, names[1]);
    assert_int_equal(stat(script_path, &script), 0);
    assert_int_equal(stat(module_path, &module), 0);
    assert_int_equal(script.st_mode & 0777, 0750);
    assert_int_equal(module.st_mode & 0777, 0640);
    free(script_path);
    free(module_path);
    free(path);
    static const char *const wrong[] = {"/a", "..", "../a", "a/../../b", "a/..", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *const leaving[] = {"a.py", wrong[i], NULL};
        path = NULL;
        assert_int_equal(lay(*state, leaving, "a.py", &path, &err), ROG_EINVAL);
        assert_non_null(strstr(err.message, "is not the name of a file in a folder"));
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accuracies, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_keep_what_they_may, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
