/* SPDX-License-Identifier: Apache-2.0 */
/* Files of TensorFlow Federated, read by rog-hdf5, written with libhdf5 like the published ones,
 * valid and invalid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <hdf5.h>

#include <common/file.h>
#include <trainer/data/cifar.h>
#include <trainer/data/dataset.h>
#include <trainer/data/fed_cifar.h>
#include <trainer/data/sources.h>

#include "folder_support.h"

#define IMAGE_BYTES 3072

static int setup(void **state)
{
    return folder_open(state, "rog-fed", "fed_cifar100_train.h5");
}

/* How a client's arrays are written; zeros: as published. */
struct odd {
    hsize_t images, labels, edge;
    hid_t image_type, label_type;
    int64_t label, coarse;
    bool no_image, no_label, no_coarse, packed, soft_link, external;
};

/* Byte `k` of image `i` of the client whose first label is `first`. */
static uint8_t byte_of(int first, hsize_t i, size_t k)
{
    return (uint8_t)(first * 31 + (int)i * 7 + (int)(k % 251));
}

static void add_array(hid_t group, const char *name, int dims, const hsize_t *shape, hid_t stored,
                      hid_t given, const void *data, const struct odd *odd)
{
    hid_t space = H5Screate_simple(dims, shape, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
    if (odd->packed && shape[0]) {
        H5Pset_chunk(list, dims, shape);
        H5Pset_deflate(list, 6);
    }
    if (odd->external)
        H5Pset_external(list, "/etc/hostname", 0, H5F_UNLIMITED);
    hid_t array = H5Dcreate2(group, name, stored, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(array >= 0);
    if (!odd->external)
        assert_true(H5Dwrite(array, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(array);
    H5Pclose(list);
    H5Sclose(space);
}

static void add_client(hid_t examples, const char *name, int first, const struct odd *odd)
{
    hsize_t count = odd->images ? odd->images : 2, edge = odd->edge ? odd->edge : 32;
    hsize_t labels = odd->labels ? odd->labels : count;
    hid_t client = H5Gcreate2(examples, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    uint8_t *pixels = calloc(count, IMAGE_BYTES * 4);
    int64_t *values = calloc(labels, sizeof *values);
    assert_non_null(pixels);
    assert_non_null(values);
    for (hsize_t i = 0; i < count; i++)
        for (size_t k = 0; k < IMAGE_BYTES; k++)
            pixels[i * IMAGE_BYTES + k] = byte_of(first, i, k);
    for (hsize_t i = 0; i < labels; i++)
        values[i] = first + (int64_t)i;
    if (odd->label)
        values[labels - 1] = odd->label;
    if (odd->soft_link)
        H5Lcreate_soft("/examples/0/image", client, "image", H5P_DEFAULT, H5P_DEFAULT);
    else if (!odd->no_image)
        add_array(client, "image", 4, (hsize_t[]){count, edge, edge, 3},
                  odd->image_type ? odd->image_type : H5T_STD_U8LE, H5T_NATIVE_UINT8, pixels, odd);
    if (!odd->no_label)
        add_array(client, "label", 1, &labels, odd->label_type ? odd->label_type : H5T_STD_I64LE,
                  H5T_NATIVE_INT64, values, odd);
    for (hsize_t i = 0; i < labels; i++)
        values[i] /= 5;
    if (odd->label || odd->coarse)
        values[labels - 1] = odd->coarse;
    if (!odd->no_coarse)
        add_array(client, "coarse_label", 1, &count, H5T_STD_I64LE, H5T_NATIVE_INT64, values, odd);
    free(values);
    free(pixels);
    H5Gclose(client);
}

/* Writes a file with the clients "2", "10" and "0"; the last one as described by `odd`. */
static void make_file(const char *path, const struct odd *odd)
{
    static const struct odd sound = {0};
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0);
    hid_t examples = H5Gcreate2(file, "examples", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    add_client(examples, "2", 20, &sound);
    add_client(examples, "10", 90, odd->packed ? odd : &sound);
    add_client(examples, "0", 3, odd);
    H5Gclose(examples);
    H5Fclose(file);
}

/* Reads like rog-trainer: HDF5 to records, records to a data set. */
static int read_file(const char *path, struct rog_dataset **d, struct rog_error *err)
{
    char *records = rog_format("%s.bin", path);
    assert_non_null(records);
    *d = NULL;
    int code = rog_fed_cifar_convert(path, records, err);
    if (code)
        assert_false(rog_file_exists(records));
    else
        code = rog_cifar_read(d, records, ROG_CIFAR_ANY_RECORDS, err);
    unlink(records);
    free(records);
    return code;
}

static void check_sound(const struct rog_dataset *d)
{
    static const int firsts[] = {3, 90, 20}; /* "0", "10", "2" */
    assert_int_equal(d->count, 6);
    assert_int_equal(d->classes, 100);
    assert_int_equal(d->height, 32);
    assert_int_equal(d->width, 32);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(d->labels[i], firsts[i / 2] + (int)(i % 2));
        for (size_t k = 0; k < IMAGE_BYTES; k++)
            assert_int_equal(d->pixels[i * IMAGE_BYTES + k], byte_of(firsts[i / 2], i % 2, k));
    }
}

static void test_reads_clients(void **state)
{
    struct folder_fixture *f = *state;
    static const struct odd ways[] = {
        {0}, {.packed = true}, {.label_type = 1}, /* the type is filled in below */
    };
    char first_hash[65] = "";
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct rog_error err = {0};
        struct rog_dataset *d = NULL;
        struct odd way = ways[i];
        if (way.label_type)
            way.label_type = H5T_STD_I32BE;
        make_file(f->path, &way);
        if (read_file(f->path, &d, &err))
            fail_msg("%s", err.message);
        check_sound(d);
        if (i == 0)
            strcpy(first_hash, d->sha256);
        assert_string_equal(d->sha256, first_hash);
        rog_dataset_free(d);
    }
}

static void test_is_a_source(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_error err = {0};
    struct rog_dataset *d = NULL;
    char *source = rog_format("fed-cifar100:%s", f->folder), name[ROG_CLASS_NAME_BYTES];
    assert_non_null(source);
    char *cache = rog_path_join(f->folder, "cache");
    assert_int_equal(setenv("XDG_CACHE_HOME", cache, 1), 0);
    make_file(f->path, &(struct odd){0});
    for (int time = 0; time < 2; time++) { /* converted, then from the cache */
        if (rog_dataset_open(&d, source, ROG_SPLIT_TRAIN, "none", 1, &err))
            fail_msg("%s", err.message);
        check_sound(d);
        rog_dataset_free(d);
    }
    make_file(f->path, &(struct odd){.label = 100});
    assert_int_equal(rog_dataset_open(&d, source, ROG_SPLIT_TRAIN, "none", 1, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "examples/0/label: number 1 is 100, labels are 0 to 99"));
    free(cache);
    assert_int_equal(rog_dataset_class_name(source, 99, name, sizeof name, &err), 0);
    assert_string_equal(name, "worm");
    assert_int_equal(rog_dataset_open(&d, source, ROG_SPLIT_TEST, "none", 1, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "/fed_cifar100_test.h5 does not exist; data = "
                                        "\"fed-cifar100:FOLDER\" needs TensorFlow Federated's "
                                        "fed_cifar100_train.h5 and fed_cifar100_test.h5"));
    free(source);
}

static void expect_refusal(const char *path, const char *words)
{
    struct rog_error err = {0};
    struct rog_dataset *d = NULL;
    int code = read_file(path, &d, &err);
    assert_null(d);
    if (code != ROG_EFORMAT || strncmp(err.message, path, strlen(path)) != 0 ||
        !strstr(err.message, words))
        fail_msg("code %d, \"%s\" instead of \"%s\"", code, err.message, words);
}

static void test_refuses_odd_clients(void **state)
{
    struct folder_fixture *f = *state;
    const struct {
        struct odd odd;
        const char *words;
    } cases[] = {
        {{.no_image = true}, "examples/0/ has no \"image\""},
        {{.no_label = true}, "examples/0/ has no \"label\""},
        {{.edge = 24}, "examples/0/image must be 8-bit unsigned numbers (n, 32, 32, 3)"},
        {{.image_type = H5T_STD_I16LE}, "examples/0/image must be 8-bit unsigned numbers"},
        {{.image_type = H5T_STD_I8LE}, "examples/0/image must be 8-bit unsigned numbers"},
        {{.image_type = H5T_IEEE_F32LE}, "examples/0/image must be 8-bit unsigned numbers"},
        {{.label_type = H5T_IEEE_F64LE}, "examples/0/label must be whole numbers (n)"},
        {{.labels = 3}, "examples/0 has 2 images and a label of 3"},
        {{.label = 100}, "examples/0/label: number 1 is 100, labels are 0 to 99"},
        {{.label = -1}, "examples/0/label: number 1 is -1, labels are 0 to 99"},
        {{.no_coarse = true}, "examples/0/ has no \"coarse_label\""},
        {{.coarse = 20}, "examples/0/coarse_label: number 1 is 20, labels are 0 to 19"},
        {{.soft_link = true}, "examples/0/image is a link; links are not followed"},
        {{.external = true}, "examples/0/image is stored outside the file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_file(f->path, &cases[i].odd);
        expect_refusal(f->path, cases[i].words);
    }
}

static void test_refuses_odd_files(void **state)
{
    struct folder_fixture *f = *state;
    hid_t file = H5Fcreate(f->path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    expect_refusal(f->path, "has no group \"examples\"");

    file = H5Fcreate(f->path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t examples = H5Gcreate2(file, "examples", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(examples);
    H5Fclose(file);
    expect_refusal(f->path, "has no images");

    file = H5Fcreate(f->path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    examples = H5Gcreate2(file, "examples", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("other.h5", "/examples/0", examples, "0", H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(examples);
    H5Fclose(file);
    expect_refusal(f->path, "examples/0 is a link; links are not followed");

    /* Two million images that were not written: more than a file may claim. */
    file = H5Fcreate(f->path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    examples = H5Gcreate2(file, "examples", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t client = H5Gcreate2(examples, "0", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hsize_t shape[4] = {2000000, 32, 32, 3};
    hid_t space = H5Screate_simple(4, shape, NULL), line = H5Screate_simple(1, shape, NULL);
    H5Dclose(
        H5Dcreate2(client, "image", H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    for (int k = 0; k < 2; k++)
        H5Dclose(H5Dcreate2(client, k ? "label" : "coarse_label", H5T_STD_I64LE, line, H5P_DEFAULT,
                            H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(line);
    H5Sclose(space);
    H5Gclose(client);
    H5Gclose(examples);
    H5Fclose(file);
    expect_refusal(f->path, "examples/0: more than 1000000 images");
}

/* Truncated anywhere: an error with the file's name, never a crash. */
static void test_refuses_truncated(void **state)
{
    struct folder_fixture *f = *state;
    char *data = NULL;
    size_t size = 0;
    struct rog_error err = {0};
    make_file(f->path, &(struct odd){.packed = true});
    assert_int_equal(rog_file_read(f->path, 1 << 20, &data, &size, &err), 0);
    for (size_t length = 0; length < size; length += 97) {
        assert_int_equal(truncate(f->path, (off_t)length), 0);
        expect_refusal(f->path, "not a valid HDF5 file: ");
        assert_int_equal(rog_file_write(f->path, data, size, &err), 0);
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_clients, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_is_a_source, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_refuses_odd_clients, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_refuses_odd_files, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_refuses_truncated, setup, folder_close),
    };
    return cmocka_run_group_tests_name("fed_cifar", tests, NULL, NULL);
}
