/* SPDX-License-Identifier: Apache-2.0 */
/* Reads TensorFlow Federated's CIFAR-100 with libhdf5. */
#include <trainer/data/fed_cifar.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hdf5.h>

#include <common/file.h>
#include <trainer/data/cifar.h>

#define IMAGE_BYTES ((size_t)ROG_CIFAR_EDGE * ROG_CIFAR_EDGE * 3)
#define IMAGES_MAX 1000000u /* limit for a file */
#define COARSE_CLASSES 20

/* A file that is being read. */
struct reading {
    const char *path;
    hid_t access, file, examples;
    FILE *output;
    uint64_t images; /* number of images so far */
    struct rog_error *err;
    int code;
};

/* The data of a client; the arrays have `count` items. */
struct client {
    const char *name;
    uint64_t count;
    uint8_t *pixels; /* (count, 32, 32, 3) */
    int64_t *fine, *coarse;
};

/* An array of one client. */
struct array {
    hid_t id;
    uint64_t count; /* size of the first dimension */
};

/* ---- errors of libhdf5 ---- */

static herr_t take_cause(unsigned depth, const H5E_error2_t *entry, void *user)
{
    const char **cause = user;
    if (depth == 0 && entry->desc)
        *cause = entry->desc;
    return 0;
}

/* Fails with ROG_EFORMAT: what could not be read, and the innermost entry of libhdf5's error stack,
 * which the next call of libhdf5 clears. */
__attribute__((format(printf, 2, 3))) static int fail_hdf5(struct reading *reading,
                                                           const char *format, ...)
{
    const char *entry = "unknown cause";
    char what[192], cause[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_cause, &entry);
    snprintf(cause, sizeof cause, "%s", entry);
    return rog_fail(reading->err, ROG_EFORMAT, "%s: %s: %s", reading->path, what, cause);
}

/* ---- arrays ---- */

/* Returns whether all data are in this file. Virtual and external storage would read others. */
static bool is_stored_here(hid_t id)
{
    hid_t list = H5Dget_create_plist(id);
    bool here = list >= 0 && H5Pget_layout(list) != H5D_VIRTUAL && H5Pget_external_count(list) == 0;
    if (list >= 0)
        H5Pclose(list);
    return here;
}

static bool is_whole_numbers(hid_t id, size_t bytes_max, bool unsigned_only)
{
    hid_t type = H5Dget_type(id);
    bool right = type >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) <= bytes_max &&
                 (!unsigned_only || H5Tget_sign(type) == H5T_SGN_NONE);
    if (type >= 0)
        H5Tclose(type);
    return right;
}

/* Returns whether the shape is (n, shape[1], ...). Then *count = n. */
static bool has_shape(hid_t id, int dims, const hsize_t *shape, uint64_t *count)
{
    hsize_t found[4] = {0};
    hid_t space = H5Dget_space(id);
    bool right = space >= 0 && H5Sget_simple_extent_type(space) == H5S_SIMPLE &&
                 H5Sget_simple_extent_ndims(space) == dims &&
                 H5Sget_simple_extent_dims(space, found, NULL) == dims;
    for (int d = 1; d < dims && right; d++)
        right = found[d] == shape[d];
    if (space >= 0)
        H5Sclose(space);
    *count = found[0];
    return right;
}

static const hsize_t image_shape[4] = {0, ROG_CIFAR_EDGE, ROG_CIFAR_EDGE, 3};

/* Required types and shapes of a client's arrays. */
static const struct kind {
    const char *name, *words;
    int dims;
    const hsize_t *shape;
    size_t bytes_max;
    bool unsigned_only;
} kinds[] = {
    {"image", "8-bit unsigned numbers (n, 32, 32, 3)", 4, image_shape, 1, true},
    {"label", "whole numbers (n)", 1, NULL, 8, false},
    {"coarse_label", "whole numbers (n)", 1, NULL, 8, false},
};
enum { IMAGE, LABEL, COARSE_LABEL, KINDS };

static int array_open(struct reading *reading, hid_t client, const char *client_name,
                      const struct kind *kind, struct array *array)
{
    H5L_info_t link;
    char where[128];
    snprintf(where, sizeof where, "examples/%.64s/", client_name);
    if (H5Lget_info(client, kind->name, &link, H5P_DEFAULT) < 0)
        return rog_fail(reading->err, ROG_EFORMAT, "%s: %s has no \"%s\"", reading->path, where,
                        kind->name);
    if (link.type != H5L_TYPE_HARD)
        return rog_fail(reading->err, ROG_EFORMAT, "%s: %s%s is a link; links are not followed",
                        reading->path, where, kind->name);
    array->id = H5Dopen2(client, kind->name, H5P_DEFAULT);
    if (array->id < 0)
        return fail_hdf5(reading, "%s%s", where, kind->name);
    if (!is_stored_here(array->id))
        return rog_fail(reading->err, ROG_EFORMAT, "%s: %s%s is stored outside the file",
                        reading->path, where, kind->name);
    if (!has_shape(array->id, kind->dims, kind->shape, &array->count) ||
        !is_whole_numbers(array->id, kind->bytes_max, kind->unsigned_only))
        return rog_fail(reading->err, ROG_EFORMAT, "%s: %s%s must be %s", reading->path, where,
                        kind->name, kind->words);
    return ROG_OK;
}

/* ---- clients ---- */

static int check_labels(struct reading *reading, const struct client *client, const char *what,
                        const int64_t *labels, int classes)
{
    for (uint64_t i = 0; i < client->count; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return rog_fail(reading->err, ROG_EFORMAT,
                            "%s: examples/%.64s/%s: number %" PRIu64 " is %" PRId64
                            ", labels are 0 to %d",
                            reading->path, client->name, what, i, labels[i], classes - 1);
    return ROG_OK;
}

static int load_client(struct reading *reading, const struct array arrays[KINDS],
                       struct client *client)
{
    client->pixels = malloc((size_t)client->count * IMAGE_BYTES);
    client->fine = malloc((size_t)client->count * sizeof *client->fine);
    client->coarse = malloc((size_t)client->count * sizeof *client->coarse);
    if (!client->pixels || !client->fine || !client->coarse)
        return rog_fail_nomem(reading->err);
    void *const targets[KINDS] = {client->pixels, client->fine, client->coarse};
    for (int k = 0; k < KINDS; k++)
        if (H5Dread(arrays[k].id, k == IMAGE ? H5T_NATIVE_UINT8 : H5T_NATIVE_INT64, H5S_ALL,
                    H5S_ALL, H5P_DEFAULT, targets[k]) < 0)
            return fail_hdf5(reading, "examples/%.64s/%s", client->name, kinds[k].name);
    int code = check_labels(reading, client, "label", client->fine, ROG_CIFAR_CLASSES);
    if (!code)
        code = check_labels(reading, client, "coarse_label", client->coarse, COARSE_CLASSES);
    return code;
}

/* In a record the channels follow each other. */
static int write_client(struct reading *reading, const struct client *client)
{
    uint8_t record[ROG_CIFAR_RECORD_BYTES];
    for (uint64_t i = 0; i < client->count; i++) {
        const uint8_t *pixels = client->pixels + i * IMAGE_BYTES;
        record[0] = (uint8_t)client->coarse[i];
        record[1] = (uint8_t)client->fine[i];
        for (size_t c = 0; c < 3; c++)
            for (size_t p = 0; p < IMAGE_BYTES / 3; p++)
                record[2 + c * (IMAGE_BYTES / 3) + p] = pixels[3 * p + c];
        if (fwrite(record, sizeof record, 1, reading->output) != 1)
            return rog_fail(reading->err, ROG_EIO, "cannot write the records of %s: %s",
                            reading->path, strerror(errno));
    }
    return ROG_OK;
}

static int take_client(struct reading *reading, const struct array arrays[KINDS], const char *name)
{
    struct client client = {.name = name, .count = arrays[IMAGE].count};
    for (int k = LABEL; k < KINDS; k++)
        if (arrays[k].count != client.count)
            return rog_fail(reading->err, ROG_EFORMAT,
                            "%s: examples/%.64s has %" PRIu64 " images and a %s of %" PRIu64,
                            reading->path, name, client.count, kinds[k].name, arrays[k].count);
    if (client.count > IMAGES_MAX - reading->images)
        return rog_fail(reading->err, ROG_EFORMAT, "%s: examples/%.64s: more than %u images",
                        reading->path, name, IMAGES_MAX);
    if (!client.count)
        return ROG_OK;
    int code = load_client(reading, arrays, &client);
    if (!code)
        code = write_client(reading, &client);
    free(client.pixels);
    free(client.fine);
    free(client.coarse);
    reading->images += client.count;
    return code;
}

/* Converts one member of "examples"; H5Literate continues while this returns 0. */
static herr_t visit_client(hid_t examples, const char *name, const H5L_info_t *link, void *user)
{
    struct reading *reading = user;
    struct array arrays[KINDS];
    for (int k = 0; k < KINDS; k++)
        arrays[k].id = H5I_INVALID_HID;
    hid_t client = H5I_INVALID_HID;
    if (link->type != H5L_TYPE_HARD) {
        reading->code =
            rog_fail(reading->err, ROG_EFORMAT,
                     "%s: examples/%.64s is a link; links are not followed", reading->path, name);
        goto out;
    }
    client = H5Gopen2(examples, name, H5P_DEFAULT);
    if (client < 0) {
        reading->code = fail_hdf5(reading, "examples/%.64s", name);
        goto out;
    }
    for (int k = 0; k < KINDS && !reading->code; k++)
        reading->code = array_open(reading, client, name, &kinds[k], &arrays[k]);
    if (!reading->code)
        reading->code = take_client(reading, arrays, name);
out:
    for (int k = 0; k < KINDS; k++)
        if (arrays[k].id >= 0)
            H5Dclose(arrays[k].id);
    if (client >= 0)
        H5Gclose(client);
    return reading->code;
}

static int visit_all(struct reading *reading)
{
    if (H5Literate(reading->examples, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_client, reading) <
            0 &&
        !reading->code)
        reading->code = fail_hdf5(reading, "examples");
    return reading->code;
}

/* ---- the file ---- */

static int reading_open(struct reading *reading)
{
    reading->access = H5Pcreate(H5P_FILE_ACCESS);
    /* Nothing is written, so a file system without locks is sufficient. */
    if (reading->access < 0 || H5Pset_file_locking(reading->access, false, true) < 0)
        return fail_hdf5(reading, "libhdf5");
    reading->file = H5Fopen(reading->path, H5F_ACC_RDONLY, reading->access);
    if (reading->file < 0)
        return fail_hdf5(reading, "not a valid HDF5 file");
    reading->examples = H5Gopen2(reading->file, "examples", H5P_DEFAULT);
    if (reading->examples < 0)
        return rog_fail(reading->err, ROG_EFORMAT,
                        "%s: has no group \"examples\": not a data set of TensorFlow Federated",
                        reading->path);
    return ROG_OK;
}

static void reading_close(struct reading *reading)
{
    if (reading->examples >= 0)
        H5Gclose(reading->examples);
    if (reading->file >= 0)
        H5Fclose(reading->file);
    if (reading->access >= 0)
        H5Pclose(reading->access);
}

static int convert(struct reading *reading)
{
    int code = reading_open(reading);
    if (!code)
        code = visit_all(reading);
    if (!code && !reading->images)
        code = rog_fail(reading->err, ROG_EFORMAT, "%s: has no images", reading->path);
    return code;
}

int rog_fed_cifar_convert(const char *path, const char *output, struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    struct reading reading = {
        .path = path,
        .access = H5I_INVALID_HID,
        .file = H5I_INVALID_HID,
        .examples = H5I_INVALID_HID,
        .err = err,
    };
    int code = rog_file_writer_open(&writer, output, err);
    if (code)
        return code;
    reading.output = writer.file;
    /* libhdf5 prints its errors unless this is disabled. */
    H5E_auto2_t print = NULL;
    void *print_user = NULL;
    H5Eget_auto2(H5E_DEFAULT, &print, &print_user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    code = convert(&reading);
    reading_close(&reading);
    H5Eset_auto2(H5E_DEFAULT, print, print_user);
    if (!code)
        code = rog_file_writer_commit(&writer, err);
    rog_file_writer_discard(&writer);
    return code;
}
