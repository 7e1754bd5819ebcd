/* SPDX-License-Identifier: Apache-2.0 */
/* CIFAR-100 files: which are read and which are rejected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/file.h>
#include <trainer/data/cifar.h>
#include <trainer/data/sources.h>

#include "folder_support.h"

static int setup(void **state)
{
    return folder_open(state, "rog-cifar", "train.bin");
}

/* Writes three records; record i has the coarse label 9, the fine label 10 * i and planes whose
 * bytes depend on channel and position. */
static void write_records(const char *path, size_t bytes, int bad_label)
{
    uint8_t *data = calloc(3, ROG_CIFAR_RECORD_BYTES);
    assert_non_null(data);
    for (int i = 0; i < 3; i++) {
        uint8_t *record = data + i * ROG_CIFAR_RECORD_BYTES;
        record[0] = 9;
        record[1] = (uint8_t)(i == 2 && bad_label ? bad_label : 10 * i);
        for (int k = 0; k < 3072; k++)
            record[2 + k] = (uint8_t)(100 * (k / 1024) + (k % 1024) % 97 + i);
    }
    struct rog_error err;
    assert_int_equal(rog_file_write(path, data, bytes, &err), 0);
    free(data);
}

/* Both functions give the same result and the same message. */
static int read_and_check(struct rog_dataset **d, const char *path, uint32_t records,
                          struct rog_error *err)
{
    struct rog_error checked = {0};
    *err = (struct rog_error){0};
    int code = rog_cifar_read(d, path, records, err);
    assert_int_equal(rog_cifar_check(path, records, &checked), code);
    assert_string_equal(checked.message, err->message);
    return code;
}

static void test_reads_planes(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_error err;
    struct rog_dataset *d = NULL;
    write_records(f->path, 3 * ROG_CIFAR_RECORD_BYTES, 0);
    assert_int_equal(read_and_check(&d, f->path, 3, &err), 0);
    assert_int_equal(d->count, 3);
    assert_int_equal(d->classes, 100);
    assert_int_equal(d->height, 32);
    assert_int_equal(d->width, 32);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(d->labels[i], 10 * i);
        for (uint32_t p = 0; p < 1024; p++)
            for (uint32_t c = 0; c < 3; c++)
                assert_int_equal(d->pixels[(i * 1024 + p) * 3 + c],
                                 (uint8_t)(100 * c + p % 97 + i));
    }
    assert_int_equal(strlen(d->sha256), 64);
    rog_dataset_free(d);
}

/* What is written equals what was read, except for the coarse label. */
static void test_writes_what_it_reads(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_error err;
    struct rog_dataset *d = NULL, *small = NULL;
    char *before = NULL, *after = NULL;
    size_t size, written;
    write_records(f->path, 3 * ROG_CIFAR_RECORD_BYTES, 0);
    assert_int_equal(rog_file_read(f->path, 1 << 20, &before, &size, &err), 0);
    assert_int_equal(read_and_check(&d, f->path, 3, &err), 0);
    assert_int_equal(rog_cifar_write(d, f->path, &err), 0);
    assert_int_equal(rog_file_read(f->path, 1 << 20, &after, &written, &err), 0);
    assert_int_equal(written, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(after[i], i % ROG_CIFAR_RECORD_BYTES ? before[i] : 0);
    assert_int_equal(rog_cifar_write(d, "/nonexistent/train.bin", &err), ROG_EIO);
    assert_non_null(strstr(err.message, "/nonexistent/train.bin"));
    assert_int_equal(rog_dataset_new(&small, 1, 100, 16, 16, &err), 0);
    assert_int_equal(rog_cifar_write(small, f->path, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "16 x 16"));
    rog_dataset_free(small);
    rog_dataset_free(d);
    free(before);
    free(after);
}

static void test_wrong_length(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_error err;
    struct rog_dataset *d = NULL;
    char expected[256];

    write_records(f->path, 9000, 0);
    assert_int_equal(read_and_check(&d, f->path, 3, &err), ROG_EFORMAT);
    assert_null(d);
    snprintf(expected, sizeof expected,
             "%s: 9000 bytes long, but 3 CIFAR-100 records of 3074 bytes are 9222 bytes; the file "
             "is truncated; copy it again",
             f->path);
    assert_string_equal(err.message, expected);

    write_records(f->path, 3 * ROG_CIFAR_RECORD_BYTES, 0);
    assert_int_equal(read_and_check(&d, f->path, 2, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "not CIFAR-100"));
    assert_int_equal(read_and_check(&d, f->folder, 2, &err), ROG_EFORMAT);
    assert_int_equal(read_and_check(&d, "/nonexistent/train.bin", 2, &err), ROG_ENOTFOUND);
    assert_string_equal(err.message, "/nonexistent/train.bin: No such file or directory");
}

static void test_wrong_label(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_error err;
    struct rog_dataset *d = NULL;
    char expected[256];
    write_records(f->path, 3 * ROG_CIFAR_RECORD_BYTES, 100);
    assert_int_equal(read_and_check(&d, f->path, 3, &err), ROG_EFORMAT);
    assert_null(d);
    snprintf(expected, sizeof expected,
             "%s: record 2 (byte 6149) has the fine label 100, labels are 0 to 99; the file is "
             "damaged; copy it again",
             f->path);
    assert_string_equal(err.message, expected);
}

static void test_real_files(void **state)
{
    (void)state;
    const char *shared = getenv("ROG_SHARED_DATA");
    char *path = rog_format("%s/cifar-100-binary/test.bin", shared ? shared : "");
    if (!rog_file_exists(path)) {
        print_message("no CIFAR-100 at %s\n", path);
        free(path);
        skip();
    }
    struct rog_error err;
    struct rog_dataset *d = NULL;
    assert_int_equal(rog_cifar_read(&d, path, ROG_CIFAR_TEST_RECORDS, &err), 0);
    uint32_t counts[100] = {0};
    for (uint32_t i = 0; i < d->count; i++)
        counts[d->labels[i]]++;
    for (int c = 0; c < 100; c++)
        assert_int_equal(counts[c], 100);
    rog_dataset_free(d);
    free(path);
}

/* The names are those of the published archive, in its order. */
static void test_class_names(void **state)
{
    (void)state;
    const char *shared = getenv("ROG_SHARED_DATA");
    char *path = rog_format("%s/cifar-100-binary/fine_label_names.txt", shared ? shared : "");
    char *text = NULL, name[ROG_CLASS_NAME_BYTES];
    size_t size = 0;
    struct rog_error err;
    if (rog_file_read(path, 1 << 16, &text, &size, &err)) {
        print_message("%s\n", err.message);
        free(path);
        skip();
    }
    uint32_t label = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), label++) {
        rog_cifar_class_name(label, name, sizeof name);
        assert_string_equal(name, line);
    }
    assert_int_equal(label, 100);
    free(text);
    free(path);
}

static void test_source_names_what_it_needs(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_error err;
    struct rog_dataset *d = NULL;
    char *source = rog_format("cifar100:%s", f->folder);
    assert_int_equal(rog_dataset_open(&d, source, ROG_SPLIT_TEST, "none", 1, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "/test.bin does not exist"));
    write_records(f->path, 3 * ROG_CIFAR_RECORD_BYTES, 0);
    assert_int_equal(rog_dataset_open(&d, source, ROG_SPLIT_TRAIN, "none", 1, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "50000 CIFAR-100 records"));
    free(source);

    static const char *const wrong[] = {"cifar100",     "cifar100:", "synth100:x",
                                        "fed-cifar100", "mnist",     ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(rog_dataset_open(&d, wrong[i], ROG_SPLIT_TEST, "none", 1, &err),
                         ROG_EINVAL);
        assert_non_null(strstr(err.message, "data must be \"synth100\", \"cifar100:FOLDER\", "
                                            "\"fed-cifar100:FOLDER\" or"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_planes, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_writes_what_it_reads, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_wrong_length, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_wrong_label, setup, folder_close),
        cmocka_unit_test(test_real_files),
        cmocka_unit_test(test_class_names),
        cmocka_unit_test_setup_teardown(test_source_names_what_it_needs, setup, folder_close),
    };
    return cmocka_run_group_tests_name("cifar", tests, NULL, NULL);
}
