/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes CIFAR-100's binary files. */
#include <trainer/data/cifar.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLANE (ROG_CIFAR_EDGE * ROG_CIFAR_EDGE)

/* fine_label_names.txt of the published archive. */
static const char *const class_names[ROG_CIFAR_CLASSES] = {
    "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
    "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
    "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
    "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
    "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
    "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
    "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
    "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
    "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
    "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
    "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
    "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
    "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
    "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
    "table",       "tank",          "telephone", "television", "tiger",        "tractor",
    "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
    "willow_tree", "wolf",          "woman",     "worm",
};

/* If *records is ROG_CIFAR_ANY_RECORDS, sets it. */
static int check_size(FILE *file, const char *path, uint32_t *records, struct rog_error *err)
{
    struct stat status;
    if (fstat(fileno(file), &status))
        return rog_fail(err, ROG_EIO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return rog_fail(err, ROG_EFORMAT, "%s: not a regular file", path);
    if (*records == ROG_CIFAR_ANY_RECORDS) {
        long long whole = (long long)status.st_size / ROG_CIFAR_RECORD_BYTES;
        *records = whole < 1 ? 1 : whole > UINT32_MAX ? UINT32_MAX : (uint32_t)whole;
    }
    long long expected = (long long)*records * ROG_CIFAR_RECORD_BYTES;
    if ((long long)status.st_size != expected)
        return rog_fail(err, ROG_EFORMAT,
                        "%s: %lld bytes long, but %u CIFAR-100 records of %d bytes are %lld bytes; "
                        "the file is %s; copy it again",
                        path, (long long)status.st_size, *records, ROG_CIFAR_RECORD_BYTES, expected,
                        (long long)status.st_size < expected ? "truncated" : "not CIFAR-100");
    return ROG_OK;
}

static int check_label(const char *path, uint32_t record, uint8_t label, struct rog_error *err)
{
    if (label < ROG_CIFAR_CLASSES)
        return ROG_OK;
    return rog_fail(err, ROG_EFORMAT,
                    "%s: record %u (byte %lld) has the fine label %u, labels are 0 to %d; the file "
                    "is damaged; copy it again",
                    path, record, (long long)record * ROG_CIFAR_RECORD_BYTES + 1, label,
                    ROG_CIFAR_CLASSES - 1);
}

static int read_records(struct rog_dataset *dataset, FILE *file, const char *path,
                        struct rog_error *err)
{
    uint8_t record[ROG_CIFAR_RECORD_BYTES];
    for (uint32_t i = 0; i < dataset->count; i++) {
        long long offset = (long long)i * ROG_CIFAR_RECORD_BYTES;
        if (fread(record, sizeof record, 1, file) != 1)
            return rog_fail(err, ROG_EIO, "%s: reading %zu bytes at byte %lld: %s", path,
                            sizeof record, offset,
                            ferror(file) ? strerror(errno) : "the file was truncated meanwhile");
        int code = check_label(path, i, record[1], err);
        if (code)
            return code;
        dataset->labels[i] = record[1];
        uint8_t *pixels = dataset->pixels + (size_t)i * 3 * PLANE;
        for (int p = 0; p < PLANE; p++)
            for (int c = 0; c < 3; c++)
                pixels[3 * p + c] = record[2 + c * PLANE + p];
    }
    return ROG_OK;
}

/* Opens a file of *records records; sets *records as above. */
static int open_records(FILE **file, const char *path, uint32_t *records, struct rog_error *err)
{
    *file = fopen(path, "rbe");
    if (!*file)
        return rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "%s: %s", path,
                        strerror(errno));
    int code = check_size(*file, path, records, err);
    if (code) {
        fclose(*file);
        *file = NULL;
    }
    return code;
}

int rog_cifar_read(struct rog_dataset **dataset, const char *path, uint32_t records,
                   struct rog_error *err)
{
    *dataset = NULL;
    struct rog_dataset *made = NULL;
    FILE *file = NULL;
    int code = open_records(&file, path, &records, err);
    if (code)
        return code;
    code = rog_dataset_new(&made, records, ROG_CIFAR_CLASSES, ROG_CIFAR_EDGE, ROG_CIFAR_EDGE, err);
    if (!code)
        code = read_records(made, file, path, err);
    if (!code)
        code = rog_dataset_seal(made, err);
    fclose(file);
    if (code) {
        rog_dataset_free(made);
        made = NULL;
    }
    *dataset = made;
    return code;
}

/* Checks only the label of each record: nothing else in it can be wrong. */
static int check_labels(FILE *file, const char *path, uint32_t records, struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t i = 0; i < records && !code; i++) {
        uint8_t label;
        off_t offset = (off_t)i * ROG_CIFAR_RECORD_BYTES + 1;
        if (pread(fileno(file), &label, 1, offset) != 1)
            return rog_fail(err, ROG_EIO, "%s: cannot read byte %lld", path, (long long)offset);
        code = check_label(path, i, label, err);
    }
    return code;
}

int rog_cifar_check(const char *path, uint32_t records, struct rog_error *err)
{
    FILE *file = NULL;
    int code = open_records(&file, path, &records, err);
    if (code)
        return code;
    code = check_labels(file, path, records, err);
    fclose(file);
    return code;
}

int rog_cifar_write(const struct rog_dataset *dataset, const char *path, struct rog_error *err)
{
    if (dataset->width != ROG_CIFAR_EDGE || dataset->height != ROG_CIFAR_EDGE ||
        dataset->classes > ROG_CIFAR_CLASSES)
        return rog_fail(err, ROG_EINVAL,
                        "%s: images of %u x %u in %u classes do not fit the format of CIFAR-100",
                        path, dataset->width, dataset->height, dataset->classes);
    FILE *file = fopen(path, "wbe");
    if (!file)
        return rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    bool good = true;
    for (uint32_t i = 0; i < dataset->count && good; i++) {
        uint8_t record[ROG_CIFAR_RECORD_BYTES] = {0, (uint8_t)dataset->labels[i]};
        const uint8_t *pixels = dataset->pixels + (size_t)i * 3 * PLANE;
        for (int p = 0; p < PLANE; p++)
            for (int c = 0; c < 3; c++)
                record[2 + c * PLANE + p] = pixels[3 * p + c];
        good = fwrite(record, sizeof record, 1, file) == 1;
    }
    int cause = errno;
    if (fclose(file) && good) {
        cause = errno;
        good = false;
    }
    return good ? ROG_OK : rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(cause));
}

void rog_cifar_class_name(uint32_t label, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s", label < ROG_CIFAR_CLASSES ? class_names[label] : "");
}
