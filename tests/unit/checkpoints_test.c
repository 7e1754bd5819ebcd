/* SPDX-License-Identifier: Apache-2.0 */
/* Saved models and the lines of their test results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/store/checkpoints.h>
#include <orchestrator/store/paths.h>

struct fixture {
    char folder[64];
    char *file; /* tested.jsonl in the folder */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-tested-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    f->file = rog_path_join(f->folder, ROG_TESTED);
    return f->file ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    int code = rog_dir_remove(f->folder, NULL);
    free(f->file);
    free(f);
    return code;
}

static int add(const struct fixture *f, const char *path, double accuracy, struct rog_error *err)
{
    struct rog_json *event = rog_json_object();
    rog_json_put_string(event, "event", "accuracy");
    rog_json_put_string(event, "path", "somewhere else");
    rog_json_put_number(event, "accuracy", accuracy);
    int code = rog_tested_add(f->folder, "RUN", path, event, err);
    rog_json_free(event);
    return code;
}

static double result(const struct rog_json *tested, const char *name)
{
    return rog_json_get_number(rog_json_get(tested, name), "accuracy", -1);
}

static void append_text(const struct fixture *f, const char *text)
{
    FILE *file = fopen(f->file, "ae");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The last result of a checkpoint counts; an incomplete one does not. */
static void test_last_counts(void **state)
{
    const struct fixture *f = *state;
    struct rog_json *tested = NULL;
    struct rog_error err;
    assert_int_equal(rog_tested_load(f->folder, &tested, &err), 0);
    assert_null(tested);
    assert_int_equal(add(f, "a.runs/RUN/chkpt/0.safetensors", 10, &err), 0);
    assert_int_equal(add(f, "a.runs/RUN/chkpt/1.safetensors", 20, &err), 0);
    assert_int_equal(add(f, "a.runs/RUN/chkpt/0.safetensors", 30.5, &err), 0);
    append_text(f, "{\"event\":\"accuracy\",\"path\":\"chkpt/1.safetensors\",\"accu");
    assert_int_equal(rog_tested_load(f->folder, &tested, &err), 0);
    assert_int_equal(rog_json_size(tested), 2);
    assert_float_equal(result(tested, "chkpt/0.safetensors"), 30.5, 0);
    assert_float_equal(result(tested, "chkpt/1.safetensors"), 20, 0);
    rog_json_free(tested);
}

static void test_damaged(void **state)
{
    const struct fixture *f = *state;
    static const char *const lines[] = {"{\"event\":\"accuracy\",\"accuracy\":1}\n", "{}\n", "x\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct rog_json *tested = NULL;
        struct rog_error err;
        unlink(f->file);
        append_text(f, lines[i]);
        assert_int_equal(rog_tested_load(f->folder, &tested, &err), ROG_EFORMAT);
        assert_null(tested);
        assert_non_null(strstr(err.message, ROG_TESTED));
    }
}

/* If the disk fills up in the middle of a line, the lines before it are kept, and the partial one
 * is removed. */
static void test_full_disk(void **state)
{
    const struct fixture *f = *state;
    struct rog_error err;
    struct rog_json *tested = NULL;
    struct rlimit before, small;
    assert_int_equal(add(f, "a.runs/RUN/chkpt/0.safetensors", 10, &err), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int code = add(f, "a.runs/RUN/chkpt/1.safetensors", 20, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(code, ROG_EIO);
    assert_non_null(strstr(err.message, f->file));
    assert_int_equal(rog_tested_load(f->folder, &tested, &err), 0);
    assert_int_equal(rog_json_size(tested), 1);
    rog_json_free(tested);
    assert_int_equal(add(f, "a.runs/RUN/chkpt/1.safetensors", 20, &err), 0);
    assert_int_equal(rog_tested_load(f->folder, &tested, &err), 0);
    assert_int_equal(rog_json_size(tested), 2);
    rog_json_free(tested);
}

static void test_no_folder(void **state)
{
    const struct fixture *f = *state;
    struct fixture gone = *f;
    struct rog_error err;
    strcat(gone.folder, "/none");
    assert_int_equal(add(&gone, "a.runs/RUN/chkpt/0.safetensors", 10, &err), ROG_EIO);
}

static void test_rows(void **state)
{
    const struct fixture *f = *state;
    struct rog_db *db = NULL;
    struct rog_error err;
    struct rog_checkpoints all;
    char *path = rog_path_join(f->folder, "x.db");
    assert_int_equal(rog_db_open(&db, path, ROG_DB_WRITE, &err), 0);
    free(path);
    assert_int_equal(rog_db_run(db, &err,
                                "INSERT INTO runs(id, library, threshold, control, batchsize,"
                                " epochs, seed, status, config, config_hash)"
                                " VALUES ('RUN', 'ROG', 4, 'o', 1, 1, 1, 'done', '{}', 'h')",
                                ""),
                     0);
    assert_int_equal(rog_db_run(db, &err,
                                "INSERT INTO checkpoints(run_id, t, iteration, path, sha256,"
                                " accuracy) VALUES ('RUN', 60, 5, 'x.runs/RUN/b', NULL, 50),"
                                " ('RUN', 0, 0, 'x.runs/RUN/a', 'abc', NULL)",
                                ""),
                     0);
    assert_int_equal(rog_checkpoints_load(db, "RUN", &all, &err), 0);
    assert_int_equal(all.count, 2);
    assert_string_equal(all.item[0].sha256, "abc");
    assert_true(isnan(all.item[0].accuracy));
    assert_null(all.item[1].sha256);
    assert_float_equal(all.item[1].accuracy, 50, 0);
    assert_string_equal(rog_checkpoint_name(all.item[1].path, "RUN"), "b");
    assert_string_equal(rog_checkpoint_name("RUNNER/b", "RUN"), "RUNNER/b");
    /* The database may have the run's name. */
    assert_string_equal(rog_checkpoint_name("RUN.runs/RUN/chkpt/b", "RUN"), "chkpt/b");
    assert_string_equal(rog_checkpoint_name("XRUN/b", "RUN"), "XRUN/b");
    rog_checkpoints_release(&all);
    assert_int_equal(rog_checkpoints_load(db, "NONE", &all, &err), 0);
    assert_int_equal(all.count, 0);
    assert_int_equal(rog_db_run(db, &err, "DROP TABLE checkpoints", ""), 0);
    assert_true(rog_checkpoints_load(db, "RUN", &all, &err) < 0);
    rog_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_last_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
