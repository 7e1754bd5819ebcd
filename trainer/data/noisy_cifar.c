/* SPDX-License-Identifier: Apache-2.0 */
/* Creates a data set from the published pickles of noisy images. */
#include <trainer/data/noisy_cifar.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <trainer/data/cifar.h>
#include <trainer/data/pickle.h>

#define FILE_MAX_BYTES ((size_t)1 << 30)
#define IMAGE_BYTES ((size_t)3 * ROG_CIFAR_EDGE * ROG_CIFAR_EDGE)

static int wrong(const char *path, struct rog_pickle_text client, const char *what,
                 struct rog_error *err)
{
    return rog_fail(err, ROG_EFORMAT, "%s: client %.*s: %s", path,
                    (int)(client.size < 60 ? client.size : 60), client.bytes, what);
}

static bool is_of_images(const struct rog_pickle_array *array)
{
    return array && array->type == 'u' && array->item_bytes == 1 && array->dims == 4 &&
           array->shape[1] == ROG_CIFAR_EDGE && array->shape[2] == ROG_CIFAR_EDGE &&
           array->shape[3] == 3;
}

/* All bytes of a little-endian number but the first must be 0. */
static int read_labels(const struct rog_pickle_array *array, uint16_t *labels)
{
    for (uint64_t i = 0; i < array->shape[0]; i++) {
        const uint8_t *number = array->data + i * array->item_bytes;
        uint8_t rest = 0;
        for (uint32_t k = 1; k < array->item_bytes; k++)
            rest |= number[k];
        if (rest || number[0] >= ROG_CIFAR_CLASSES)
            return ROG_EFORMAT;
        labels[i] = number[0];
    }
    return ROG_OK;
}

struct clients {
    const struct rog_pickle *pickle;
    const char *path;
    uint32_t images, labels; /* entries */
};

/* Returns the next client's arrays; both dicts must have the clients in the same order. False at
 * the end, or on error. */
static bool next_client(struct clients *clients, const struct rog_pickle_array **images,
                        const struct rog_pickle_array **labels, int *code, struct rog_error *err)
{
    const struct rog_pickle *pickle = clients->pickle;
    if (clients->images == ROG_PICKLE_NOTHING && clients->labels == ROG_PICKLE_NOTHING)
        return false;
    if (clients->images == ROG_PICKLE_NOTHING || clients->labels == ROG_PICKLE_NOTHING) {
        *code = rog_fail(err, ROG_EFORMAT, "%s: clients with only images, or only labels",
                         clients->path);
        return false;
    }
    struct rog_pickle_text client = rog_pickle_key(pickle, clients->images);
    struct rog_pickle_text other = rog_pickle_key(pickle, clients->labels);
    *images = rog_pickle_array(pickle, rog_pickle_value(pickle, clients->images));
    *labels = rog_pickle_array(pickle, rog_pickle_value(pickle, clients->labels));
    if (client.size != other.size || memcmp(client.bytes, other.bytes, client.size) != 0)
        *code = wrong(clients->path, client, "its labels belong to a different client", err);
    else if (!is_of_images(*images))
        *code = wrong(clients->path, client, "its images are not 8-bit (n, 32, 32, 3)", err);
    else if (!*labels || (*labels)->dims != 1 || (*labels)->shape[0] != (*images)->shape[0])
        *code = wrong(clients->path, client, "not one label per image", err);
    clients->images = rog_pickle_next(pickle, clients->images);
    clients->labels = rog_pickle_next(pickle, clients->labels);
    return *code == ROG_OK;
}

static int begin(struct clients *clients, const struct rog_pickle *pickle, const char *path,
                 struct rog_error *err)
{
    uint32_t root = rog_pickle_root(pickle);
    *clients = (struct clients){pickle, path,
                                rog_pickle_first(pickle, rog_pickle_find(pickle, root, "images")),
                                rog_pickle_first(pickle, rog_pickle_find(pickle, root, "labels"))};
    if (clients->images == ROG_PICKLE_NOTHING || clients->labels == ROG_PICKLE_NOTHING)
        return rog_fail(err, ROG_EFORMAT,
                        "%s: must be a dict of \"images\" and \"labels\", each a dict of clients",
                        path);
    return ROG_OK;
}

/* Every image has its own bytes in the file: if there are fewer, an array is referenced
 * repeatedly. */
static int count_images(const struct rog_pickle *pickle, size_t size, const char *path,
                        uint32_t *count, struct rog_error *err)
{
    struct clients clients;
    const struct rog_pickle_array *images, *labels;
    uint64_t sum = 0;
    int code = begin(&clients, pickle, path, err);
    while (!code && next_client(&clients, &images, &labels, &code, err)) {
        sum += images->shape[0];
        if (sum > size / IMAGE_BYTES)
            code = rog_fail(err, ROG_EFORMAT, "%s: more images than fit in the file", path);
    }
    *count = (uint32_t)sum;
    return code;
}

static int fill(struct rog_dataset *dataset, const struct rog_pickle *pickle, const char *path,
                struct rog_error *err)
{
    struct clients clients;
    const struct rog_pickle_array *images, *labels;
    uint64_t at = 0;
    int code = begin(&clients, pickle, path, err);
    struct rog_pickle_text client = {"", 0};
    while (!code) {
        if (clients.images != ROG_PICKLE_NOTHING)
            client = rog_pickle_key(pickle, clients.images);
        if (!next_client(&clients, &images, &labels, &code, err))
            break;
        memcpy(dataset->pixels + at * IMAGE_BYTES, images->data, images->shape[0] * IMAGE_BYTES);
        if (read_labels(labels, dataset->labels + at))
            code = wrong(path, client, "a label that is not from 0 to 99", err);
        at += images->shape[0];
    }
    return code;
}

int rog_noisy_cifar_parse(struct rog_dataset **dataset, const char *bytes, size_t size,
                          const char *path, struct rog_error *err)
{
    struct rog_pickle *pickle = NULL;
    struct rog_dataset *made = NULL;
    uint32_t count = 0;
    *dataset = NULL;
    int code = rog_pickle_read(&pickle, bytes, size, err);
    if (code) {
        rog_fail_prefix(err, "%s", path);
        return code;
    }
    code = count_images(pickle, size, path, &count, err);
    if (!code)
        code =
            rog_dataset_new(&made, count, ROG_CIFAR_CLASSES, ROG_CIFAR_EDGE, ROG_CIFAR_EDGE, err);
    if (!code)
        code = fill(made, pickle, path, err);
    if (!code)
        code = rog_dataset_seal(made, err);
    rog_pickle_free(pickle);
    if (code)
        rog_dataset_free(made);
    else
        *dataset = made;
    return code;
}

int rog_noisy_cifar_read(struct rog_dataset **dataset, const char *path, struct rog_error *err)
{
    char *bytes = NULL;
    size_t size = 0;
    *dataset = NULL;
    int code = rog_file_read(path, FILE_MAX_BYTES, &bytes, &size, err);
    if (!code)
        code = rog_noisy_cifar_parse(dataset, bytes, size, path, err);
    free(bytes);
    return code;
}
