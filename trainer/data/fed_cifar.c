/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/data/fed_cifar.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <hdf5.h>

#include <trainer/data/cifar.h>

#define IMAGE_BYTES ((size_t)ROG_CIFAR_EDGE * ROG_CIFAR_EDGE * 3)
#define IMAGES_MAX 1000000u /* of a file */

/* A file that is being read: once to count, once to take the images. */
struct reading {
    const char *path;
    hid_t access, file, examples;
    struct rog_dataset *dataset; /* NULL while images are counted */
    uint64_t images;             /* so far */
    struct rog_error *err;
    int code;
};

/* An array of one client. */
struct array {
    hid_t id;
    uint64_t count; /* of the first dimension */
};

/* ---- what libhdf5 has to say ---- */

static herr_t take_cause(unsigned depth, const H5E_error2_t *entry, void *user)
{
    const char **cause = user;
    if (depth == 0 && entry->desc)
        *cause = entry->desc;
    return 0;
}

/* ROG_EFORMAT: what could not be read, and the innermost entry of libhdf5's error stack, which
 * libhdf5's next call clears. */
__attribute__((format(printf, 2, 3))) static int fail_hdf5(struct reading *reading,
                                                           const char *format, ...)
{
    const char *entry = "no cause is known";
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

/* Is everything in this file? Virtual and external storage would read others. */
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

/* Is the shape (n, shape[1], ...)? Then *count = n. */
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

/* What the arrays of a client must be. */
static const struct kind {
    const char *name, *words;
    int dims;
    const hsize_t *shape;
    size_t bytes_max;
    bool unsigned_only;
} kinds[] = {
    {"image", "8-bit unsigned numbers (n, 32, 32, 3)", 4, image_shape, 1, true},
    {"label", "whole numbers (n)", 1, NULL, 8, false},
};
enum { IMAGE, LABEL, KINDS };

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
        return rog_fail(reading->err, ROG_EFORMAT, "%s: %s%s is a link, which is not followed",
                        reading->path, where, kind->name);
    array->id = H5Dopen2(client, kind->name, H5P_DEFAULT);
    if (array->id < 0)
        return fail_hdf5(reading, "%s%s", where, kind->name);
    if (!is_stored_here(array->id))
        return rog_fail(reading->err, ROG_EFORMAT, "%s: %s%s is kept outside of the file",
                        reading->path, where, kind->name);
    if (!has_shape(array->id, kind->dims, kind->shape, &array->count) ||
        !is_whole_numbers(array->id, kind->bytes_max, kind->unsigned_only))
        return rog_fail(reading->err, ROG_EFORMAT, "%s: %s%s must be %s", reading->path, where,
                        kind->name, kind->words);
    return ROG_OK;
}

/* ---- clients ---- */

static int take_labels(struct reading *reading, const struct array *array, const char *client_name)
{
    int code = ROG_OK;
    int64_t *labels = malloc((size_t)array->count * sizeof *labels);
    if (!labels)
        return rog_fail_nomem(reading->err);
    if (H5Dread(array->id, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) < 0)
        code = fail_hdf5(reading, "examples/%.64s/label", client_name);
    for (uint64_t i = 0; i < array->count && !code; i++) {
        if (labels[i] < 0 || labels[i] >= ROG_CIFAR_CLASSES)
            code = rog_fail(reading->err, ROG_EFORMAT,
                            "%s: examples/%.64s/label: number %" PRIu64 " is %" PRId64
                            ", labels are 0 to %d",
                            reading->path, client_name, i, labels[i], ROG_CIFAR_CLASSES - 1);
        else
            reading->dataset->labels[reading->images + i] = (uint16_t)labels[i];
    }
    free(labels);
    return code;
}

static int take_client(struct reading *reading, const struct array arrays[KINDS],
                       const char *client_name)
{
    uint64_t count = arrays[IMAGE].count;
    if (arrays[LABEL].count != count)
        return rog_fail(reading->err, ROG_EFORMAT,
                        "%s: examples/%.64s has %" PRIu64 " images and %" PRIu64 " labels",
                        reading->path, client_name, count, arrays[LABEL].count);
    if (count > IMAGES_MAX - reading->images)
        return rog_fail(reading->err, ROG_EFORMAT, "%s: examples/%.64s: more than %u images",
                        reading->path, client_name, IMAGES_MAX);
    if (!reading->dataset || !count)
        return ROG_OK;
    if (count > reading->dataset->count - reading->images)
        return rog_fail(reading->err, ROG_EFORMAT, "%s: changed while it was read", reading->path);
    uint8_t *pixels = reading->dataset->pixels + reading->images * IMAGE_BYTES;
    if (H5Dread(arrays[IMAGE].id, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, pixels) < 0)
        return fail_hdf5(reading, "examples/%.64s/image", client_name);
    return take_labels(reading, &arrays[LABEL], client_name);
}

/* One member of "examples"; H5Literate goes on while this returns 0. */
static herr_t visit_client(hid_t examples, const char *name, const H5L_info_t *link, void *user)
{
    struct reading *reading = user;
    struct array arrays[KINDS] = {{.id = H5I_INVALID_HID}, {.id = H5I_INVALID_HID}};
    hid_t client = H5I_INVALID_HID;
    if (link->type != H5L_TYPE_HARD) {
        reading->code =
            rog_fail(reading->err, ROG_EFORMAT,
                     "%s: examples/%.64s is a link, which is not followed", reading->path, name);
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
    if (!reading->code)
        reading->images += arrays[IMAGE].count;
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
    reading->images = 0;
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
    /* Nothing is written, so that a file system without locks will do. */
    if (reading->access < 0 || H5Pset_file_locking(reading->access, false, true) < 0)
        return fail_hdf5(reading, "libhdf5");
    reading->file = H5Fopen(reading->path, H5F_ACC_RDONLY, reading->access);
    if (reading->file < 0)
        return fail_hdf5(reading, "not a sound HDF5 file");
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

static int read_file(struct reading *reading)
{
    int code = reading_open(reading);
    if (!code)
        code = visit_all(reading);
    if (!code && !reading->images)
        code = rog_fail(reading->err, ROG_EFORMAT, "%s: has no images", reading->path);
    if (!code)
        code = rog_dataset_new(&reading->dataset, (uint32_t)reading->images, ROG_CIFAR_CLASSES,
                               ROG_CIFAR_EDGE, ROG_CIFAR_EDGE, reading->err);
    if (!code)
        code = visit_all(reading);
    if (!code)
        code = rog_dataset_seal(reading->dataset, reading->err);
    return code;
}

int rog_fed_cifar_read(struct rog_dataset **dataset, const char *path, struct rog_error *err)
{
    struct reading reading = {
        .path = path,
        .access = H5I_INVALID_HID,
        .file = H5I_INVALID_HID,
        .examples = H5I_INVALID_HID,
        .err = err,
    };
    /* libhdf5 prints its errors unless it is told not to. */
    H5E_auto2_t print = NULL;
    void *print_user = NULL;
    H5Eget_auto2(H5E_DEFAULT, &print, &print_user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    int code = read_file(&reading);
    reading_close(&reading);
    H5Eset_auto2(H5E_DEFAULT, print, print_user);
    if (code) {
        rog_dataset_free(reading.dataset);
        reading.dataset = NULL;
    }
    *dataset = reading.dataset;
    return code;
}
