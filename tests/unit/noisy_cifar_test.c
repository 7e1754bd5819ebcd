/* SPDX-License-Identifier: Apache-2.0 */
/* The published form of the noisy data set: pickles written by Python, and harmful ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <trainer/data/noisy_cifar.h>
#include <trainer/data/pickle.h>
#include <trainer/data/sources.h>

#include "folder_support.h"

static int setup(void **state)
{
    return folder_open(state, "rog-noisy", "mixed_fed_cifar100_test.pkl");
}

static char *read_data(const char *name, size_t *size)
{
    char *path = rog_format("%s/pickle/%s", getenv("ROG_TEST_DATA"), name), *bytes = NULL;
    assert_int_equal(rog_file_read(path, 1 << 20, &bytes, size, NULL), 0);
    free(path);
    return bytes;
}

static void pickles_written_by_python(void **state)
{
    struct folder_fixture *f = *state;
    static const char *const names[] = {"protocol3.pkl", "protocol4.pkl"};
    char hash[2][65];
    for (size_t i = 0; i < 2; i++) {
        size_t size;
        char *bytes = read_data(names[i], &size);
        struct rog_dataset *dataset = NULL;
        struct rog_error err = {0};
        assert_int_equal(rog_file_write(f->path, bytes, size, NULL), 0);
        if (rog_noisy_cifar_read(&dataset, f->path, &err))
            fail_msg("%s: %s", names[i], err.message);
        assert_int_equal(dataset->count, 3);
        assert_int_equal(dataset->classes, 100);
        static const uint16_t labels[] = {3, 99, 0};
        assert_memory_equal(dataset->labels, labels, sizeof labels);
        for (uint32_t k = 0; k < 3 * 32 * 32 * 3; k++)
            assert_int_equal(dataset->pixels[k], 7 * k % 251);
        memcpy(hash[i], dataset->sha256, sizeof hash[i]);
        rog_dataset_free(dataset);
        free(bytes);
    }
    assert_string_equal(hash[0], hash[1]);
}

static void as_a_source(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_error err = {0};
    struct rog_dataset *dataset = NULL;
    char *source = rog_format("noisy-cifar100:%s", f->folder), name[ROG_CLASS_NAME_BYTES];
    size_t size;
    char *bytes = read_data("protocol4.pkl", &size);
    assert_int_equal(rog_file_write(f->path, bytes, size, NULL), 0);
    assert_int_equal(rog_dataset_open(&dataset, source, ROG_SPLIT_TEST, "none", 1, &err), 0);
    assert_int_equal(dataset->count, 3);
    rog_dataset_free(dataset);
    assert_int_equal(rog_dataset_check(source, ROG_SPLIT_TEST, "none", &err), 0);
    assert_int_equal(rog_dataset_class_name(source, 0, name, sizeof name, &err), 0);
    assert_string_equal(name, "apple");
    assert_true(rog_dataset_is_noisy(source));
    assert_false(rog_dataset_is_noisy("synth100"));
    assert_int_equal(rog_dataset_open(&dataset, source, ROG_SPLIT_TEST, "mixed", 1, &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "noise must be \"none\""));
    assert_int_equal(rog_dataset_open(&dataset, source, ROG_SPLIT_TRAIN, "none", 1, &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "they are in its folder datasets"));
    free(bytes);
    free(source);
}

static void refuses(const char *bytes, size_t size, const char *why)
{
    struct rog_dataset *dataset = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_noisy_cifar_parse(&dataset, bytes, size, "x.pkl", &err), ROG_EFORMAT);
    assert_null(dataset);
    if (!strstr(err.message, why) || !strstr(err.message, "x.pkl"))
        fail_msg("\"%s\" instead of \"%s\"", err.message, why);
}

#define PICKLE(text) (text), sizeof(text) - 1

static void harmful_pickles_are_rejected(void **state)
{
    (void)state;
    refuses(PICKLE("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R."),
            "calls posix.system; calls are not executed");
    refuses(PICKLE("\x80\x03"
                   "cbuiltins\neval\nX\x01\x00\x00\x00"
                   "1\x85R."),
            "calls builtins.eval");
    refuses(PICKLE("\x80\x02}."), "protocol 2");
    refuses(PICKLE("\x80\x05}."), "protocol 5");
    refuses(PICKLE("\x80\x04]."), "operation 0x5d");
    refuses(PICKLE("\x80\x04}"), "truncated");
    refuses(PICKLE("\x80\x04."), "stack underflow");
    refuses(PICKLE("\x80\x04(."), "a mark instead");
    refuses(PICKLE("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff."), "truncated");
    refuses(PICKLE("\x80\x04j\xff\xff\xff\xff."), "an unknown memo entry");
    refuses(PICKLE("\x80\x04}r\xff\xff\xff\xff."), "more values");
    refuses(PICKLE("\x80\x04u."), "missing mark");
    refuses(PICKLE("\x80\x04}(K\x01K\x02u."), "a key that is not text");
    refuses(PICKLE("\x80\x04}."), "must be a dict of \"images\"");
    refuses(PICKLE("\x80\x04\x8c\x05numpy\x8c\x05"
                   "dtype\x93\x8c\x02O8\x89\x88\x87R."),
            "other values than whole numbers");
    refuses(PICKLE("PK\x03\x04"), "not a pickle");
    /* A dict that contains itself, and the same client twice. */
    refuses(PICKLE("\x80\x04}\x94(\x8c\x06images\x94h\x00\x8c\x06labels\x94h\x00u."),
            "images are not");
}

/* Each truncation and each changed byte gives a data set or an error. */
static void damage(void **state)
{
    (void)state;
    size_t size;
    char *bytes = read_data("protocol4.pkl", &size);
    char *copy = malloc(size);
    assert_non_null(copy);
    for (size_t i = 0; i < size; i += i < 400 || i > size - 600 ? 1 : 211) {
        struct rog_dataset *dataset = NULL;
        /* Exact size: AddressSanitizer detects reads beyond it. */
        char *part = malloc(i + 1);
        memcpy(part, bytes, i);
        assert_int_not_equal(rog_noisy_cifar_parse(&dataset, part, i, "x", NULL), 0);
        free(part);
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, bytes, size);
            copy[i] ^= (char)(1 << bit);
            if (!rog_noisy_cifar_parse(&dataset, copy, size, "x", NULL))
                rog_dataset_free(dataset);
        }
    }
    free(copy);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pickles_written_by_python, setup, folder_close),
        cmocka_unit_test_setup_teardown(as_a_source, setup, folder_close),
        cmocka_unit_test(harmful_pickles_are_rejected),
        cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests_name("noisy_cifar", tests, NULL, NULL);
}
