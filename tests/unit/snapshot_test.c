/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of runs on a virtual cluster: a written snapshot can be opened, only by the same run,
 * and if one cannot be written, the previous one remains. */
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
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/snapshot.h>
#include <trainer/data/cifar.h>
#include <trainer/sim/snapshot.h>

#include "folder_support.h"

#define STATE_BYTES 50000

/* A run, and the state that it saves. */
struct saved {
    struct rog_run_config *config;
    struct rog_train train;
    struct rog_snapshots snapshots;
    uint8_t state[STATE_BYTES];
    int code; /* error of saving; 0: none */
};

static void check(int code, const struct rog_error *err)
{
    if (code)
        fail_msg("%s", err->message);
}

static void prepare(struct saved *run, const char *settings)
{
    struct rog_error err = {0};
    char *text = rog_format(
        "{\"workload\":\"none\",\"library\":\"ROG\",%s,\"workers\":[{\"rank\":1,\"step_s\":1,"
        "\"compress_s\":0,\"decompress_s\":0,\"watts_compute\":0,\"watts_communicate\":0,"
        "\"watts_stall\":0}]}",
        settings);
    memset(run, 0, sizeof *run);
    for (size_t i = 0; i < STATE_BYTES; i++)
        run->state[i] = (uint8_t)(i * 7 + i / 251);
    check(rog_run_config_parse(&run->config, text, strlen(text), "test", &err), &err);
    check(rog_train_init(&run->train, run->config, NULL, &err), &err);
    free(text);
}

static void begin(struct saved *run, const struct folder_fixture *f)
{
    struct rog_error err = {0};
    const char *why = NULL;
    check(rog_snapshots_init(&run->snapshots, &run->train, f->folder, &why, &err), &err);
    assert_null(why);
}

static void open_run(struct saved *run, const struct folder_fixture *f, const char *settings)
{
    prepare(run, settings);
    begin(run, f);
}

static void close_run(struct saved *run)
{
    rog_snapshots_release(&run->snapshots);
    rog_train_release(&run->train);
    rog_run_config_free(run->config);
}

static void archive(void *user, struct rog_archive *archive)
{
    struct saved *run = user;
    rog_archive_bytes(archive, run->state, sizeof run->state);
    if (run->code)
        archive->err.code = run->code;
}

static int write_one(struct saved *run, struct rog_error *err)
{
    return rog_snapshots_write(&run->snapshots, 12.5, 345, archive, run, err);
}

/* Checks that the last written snapshot exists. */
static void expect_there(struct saved *run)
{
    struct rog_snapshot snapshot;
    struct rog_error err = {0};
    uint8_t state[STATE_BYTES];
    check(rog_snapshots_open(&run->snapshots, &snapshot, &err), &err);
    assert_int_equal(snapshot.events_bytes, 345);
    rog_archive_bytes(&snapshot.archive, state, sizeof state);
    assert_int_equal(rog_archive_end(&snapshot.archive, NULL), 0);
    assert_memory_equal(state, run->state, sizeof state);
    rog_snapshot_release(&snapshot);
}

/* Checks that none can be opened, with the reason. */
static void expect_none(struct saved *run, int code, const char *why)
{
    struct rog_snapshot snapshot;
    struct rog_error err = {0};
    assert_int_equal(rog_snapshots_open(&run->snapshots, &snapshot, &err), code);
    if (!strstr(err.message, why))
        fail_msg("%s", err.message);
    rog_snapshot_release(&snapshot);
}

static void what_is_written_is_opened(void **state)
{
    struct folder_fixture *f = *state;
    struct saved run, again;
    struct rog_error err = {0};
    open_run(&run, f, "\"snapshot_period\":1000");
    expect_none(&run, ROG_ENOTFOUND, "");
    check(write_one(&run, &err), &err);
    expect_there(&run);
    run.state[STATE_BYTES - 1]++;
    check(write_one(&run, &err), &err);
    expect_there(&run);
    /* The interval between snapshots is not part of a run. */
    open_run(&again, f, "\"snapshot_period\":2000");
    again.state[STATE_BYTES - 1]++;
    expect_there(&again);
    assert_int_equal(rog_snapshots_remove(f->folder, &err), 0);
    expect_none(&run, ROG_ENOTFOUND, "");
    close_run(&again);
    close_run(&run);
}

/* After an interval since the run's start, and since the last one. */
static void when_one_is_due(void **state)
{
    struct folder_fixture *f = *state;
    struct saved run;
    struct rog_error err = {0};
    double before_s = rog_clock_s();
    open_run(&run, f, "\"snapshot_period\":1000");
    for (int i = 0; i < 2; i++) {
        assert_true(run.snapshots.due_s >= before_s + 1000);
        assert_false(rog_snapshots_due(&run.snapshots));
        run.snapshots.due_s = rog_clock_s();
        assert_true(rog_snapshots_due(&run.snapshots));
        before_s = rog_clock_s();
        check(write_one(&run, &err), &err);
    }
    close_run(&run);
    open_run(&run, f, "\"snapshot_period\":0");
    assert_false(rog_snapshots_due(&run.snapshots));
    expect_none(&run, ROG_EINVAL, "snapshots are now off");
    close_run(&run);
}

/* A failure keeps the last one; a state that is too large is not tried again. */
static void the_last_one_stays(void **state)
{
    struct folder_fixture *f = *state;
    struct saved run;
    struct rog_error err = {0};
    open_run(&run, f, "\"snapshot_period\":1000");
    check(write_one(&run, &err), &err);
    run.code = ROG_EIO;
    assert_int_equal(write_one(&run, &err), ROG_EIO);
    expect_there(&run);
    run.snapshots.due_s = 0;
    assert_true(rog_snapshots_due(&run.snapshots));
    run.code = ROG_EFAILED;
    assert_int_equal(write_one(&run, &err), ROG_EFAILED);
    run.snapshots.due_s = 0;
    assert_false(rog_snapshots_due(&run.snapshots));
    close_run(&run);
    open_run(&run, f, "\"snapshot_period\":1000");
    expect_there(&run);
    close_run(&run);
}

static void of_another_run(void **state)
{
    struct folder_fixture *f = *state;
    struct saved run, other;
    struct rog_error err = {0};
    char *settings = rog_format("\"snapshot_period\":1000,\"trace\":\"%s\"", f->path);
    assert_int_equal(rog_file_write(f->path, "seconds,mbps\n0,8\n", 17, NULL), 0);
    open_run(&run, f, settings);
    check(write_one(&run, &err), &err);
    open_run(&other, f, "\"snapshot_period\":1000,\"seed\":2");
    expect_none(&other, ROG_EINVAL, "the configuration has changed");
    close_run(&other);
    assert_int_equal(rog_file_write(f->path, "seconds,mbps\n0,9\n", 17, NULL), 0);
    open_run(&other, f, settings);
    expect_none(&other, ROG_EINVAL, "traces and times has changed");
    close_run(&other);
    expect_there(&run);
    close_run(&run);
    free(settings);
}

/* Writes a byte into a file, at `at` from its end. */
static void put_byte(const char *path, long at, int byte)
{
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, -at, SEEK_END), 0);
    assert_int_equal(fputc(byte, file), byte);
    assert_int_equal(fclose(file), 0);
}

static void damaged(void **state)
{
    struct folder_fixture *f = *state;
    struct saved run;
    struct rog_error err = {0};
    open_run(&run, f, "\"snapshot_period\":1000");
    check(write_one(&run, &err), &err);
    put_byte(run.snapshots.path, 1, run.state[STATE_BYTES - 1] ^ 1);
    expect_none(&run, ROG_EFORMAT, "its hash does not match");
    put_byte(run.snapshots.path, 1, run.state[STATE_BYTES - 1]);
    expect_there(&run);
    assert_int_equal(truncate(run.snapshots.path, ROG_SNAPSHOT_HEADER_BYTES + STATE_BYTES - 1), 0);
    expect_none(&run, ROG_EFORMAT, "49999 bytes of state");
    close_run(&run);
}

/* Opens a run that trains, on images that are black except for the last value of the last one. */
static void open_training(struct saved *run, const struct folder_fixture *f, int value)
{
    struct rog_error err = {0};
    char *images = rog_path_join(f->folder, "train.bin");
    int file = open(images, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, 50000L * ROG_CIFAR_RECORD_BYTES), 0);
    assert_int_equal(close(file), 0);
    put_byte(images, 1, value);
    char *settings = rog_format(
        "\"snapshot_period\":1000,\"data\":\"cifar100:%s\",\"noise\":\"none\"", f->folder);
    prepare(run, settings);
    struct rog_train *train = &run->train;
    train->buffers = calloc(train->arch->buffers + 1, sizeof *train->buffers);
    check(rog_learner_new(&train->learner, run->config, &train->parts, train->arch, train->buffers,
                          &err),
          &err);
    begin(run, f);
    free(settings);
    free(images);
}

static void of_other_images(void **state)
{
    struct folder_fixture *f = *state;
    struct saved run;
    struct rog_error err = {0};
    assert_int_equal(setenv("XDG_CACHE_HOME", f->folder, 1), 0);
    open_training(&run, f, 1);
    check(write_one(&run, &err), &err);
    expect_there(&run);
    close_run(&run);
    open_training(&run, f, 2);
    expect_none(&run, ROG_EINVAL, "the data has changed");
    close_run(&run);
}

static int set_up(void **state)
{
    return folder_open(state, "rog-snapshot", "trace.csv");
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, folder_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(what_is_written_is_opened),
        WITH_FOLDER(when_one_is_due),
        WITH_FOLDER(the_last_one_stays),
        WITH_FOLDER(of_another_run),
        WITH_FOLDER(damaged),
        WITH_FOLDER(of_other_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
