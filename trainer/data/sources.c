/* SPDX-License-Identifier: Apache-2.0 */
/* A table of the known data sets, which are opened with noise, and from the cache if creating one
 * takes long. */
#include <trainer/data/sources.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/meant.h>
#include <common/process.h>
#include <common/settings.h>
#include <trainer/data/cache.h>
#include <trainer/data/cifar.h>
#include <trainer/data/noise.h>
#include <trainer/data/noisy_cifar.h>
#include <trainer/data/synth.h>

#define RECIPE_BYTES 1024
#define CONVERT_LIMIT_S 600.0 /* for one data set; it takes about a second */

/* A source: its recipe and how it is opened. */
struct source {
    const char *name;
    const char *files[2]; /* of train and test images in the source's folder; NULL if it has none */
    const char *format;   /* of the files, as named in error messages */
    const char *from;     /* their origin, if `rogctl data get` does not fetch them */
    bool noisy;           /* the images are noisy already */
    /* Describes the images in text that changes when they do. */
    int (*describe)(const struct source *source, const char *folder, enum rog_split split,
                    char *text, size_t bytes, struct rog_error *err);
    int (*open)(const struct source *source, const char *folder, enum rog_split split,
                struct rog_dataset **dataset, struct rog_error *err);
    /* Checks whether it can be opened; NULL: it always can. */
    int (*check)(const struct source *source, const char *folder, enum rog_split split,
                 struct rog_error *err);
    void (*class_name)(uint32_t label, char *text, size_t bytes);
};

static int synth_describe(const struct source *source, const char *folder, enum rog_split split,
                          char *text, size_t bytes, struct rog_error *err)
{
    (void)folder;
    (void)err;
    snprintf(text, bytes, "%s %d %s", source->name, ROG_SYNTH_VERSION, rog_split_name(split));
    return ROG_OK;
}

static int synth_make(void *user, struct rog_dataset **made, struct rog_error *err)
{
    enum rog_split split = *(const enum rog_split *)user;
    uint32_t per_class =
        split == ROG_SPLIT_TRAIN ? ROG_SYNTH_TRAIN_PER_CLASS : ROG_SYNTH_TEST_PER_CLASS;
    return rog_synth_draw(made, split, per_class, err);
}

static int synth_open(const struct source *source, const char *folder, enum rog_split split,
                      struct rog_dataset **dataset, struct rog_error *err)
{
    char recipe[RECIPE_BYTES];
    int code = synth_describe(source, folder, split, recipe, sizeof recipe, err);
    return code ? code : rog_cache_dataset(dataset, recipe, synth_make, &split, err);
}

/* Returns the path of the split's file, which must exist; heap memory. */
static int file_path(const struct source *source, const char *folder, enum rog_split split,
                     char **path, struct rog_error *err)
{
    *path = rog_path_join(folder, source->files[split]);
    if (!*path)
        return rog_fail_nomem(err);
    if (!rog_file_exists(*path)) {
        int code = rog_fail(err, ROG_EINVAL,
                            "%s does not exist; data = \"%s:FOLDER\" needs %s %s and %s in FOLDER; "
                            "%s%s%s",
                            *path, source->name, source->format, source->files[ROG_SPLIT_TRAIN],
                            source->files[ROG_SPLIT_TEST],
                            source->from ? source->from : "`rogctl data get ",
                            source->from ? "" : source->name, source->from ? "" : "` fetches them");
        free(*path);
        *path = NULL;
        return code;
    }
    return ROG_OK;
}

static int file_describe(const struct source *source, const char *folder, enum rog_split split,
                         char *text, size_t bytes, struct rog_error *err)
{
    char *path = NULL;
    char hash[ROG_SHA256_HEX_BYTES];
    int code = file_path(source, folder, split, &path, err);
    if (code)
        return code;
    code = rog_sha256_file(path, hash, err);
    if (!code)
        snprintf(text, bytes, "%s %s", source->name, hash);
    free(path);
    return code;
}

static uint32_t cifar_records(enum rog_split split)
{
    return split == ROG_SPLIT_TRAIN ? ROG_CIFAR_TRAIN_RECORDS : ROG_CIFAR_TEST_RECORDS;
}

static int cifar_check(const struct source *source, const char *folder, enum rog_split split,
                       struct rog_error *err)
{
    char *path = NULL;
    int code = file_path(source, folder, split, &path, err);
    if (!code)
        code = rog_cifar_check(path, cifar_records(split), err);
    free(path);
    return code;
}

static int cifar_open(const struct source *source, const char *folder, enum rog_split split,
                      struct rog_dataset **dataset, struct rog_error *err)
{
    char *path = NULL;
    int code = file_path(source, folder, split, &path, err);
    if (code)
        return code;
    code = rog_cifar_read(dataset, path, cifar_records(split), err);
    free(path);
    return code;
}

#define RECORDS_SUFFIX ".record"

struct conversion {
    const char *path, *recipe;
};

/* Reports only the converter's message, without its command line. */
static int run_converter(const char *program, const char *path, const char *records,
                         struct rog_error *err)
{
    struct rog_error cause = {0};
    const char *const argv[] = {program, path, records, NULL};
    int code = rog_process_run(argv, CONVERT_LIMIT_S, NULL, &cause);
    const char *command_end = strstr(cause.message, RECORDS_SUFFIX ": ");
    return code ? rog_fail(err, code, "%s",
                           command_end ? command_end + strlen(RECORDS_SUFFIX ": ") : cause.message)
                : ROG_OK;
}

/* Converts with rog-hdf5 to a file of the binary format, which is read and removed. */
static int fed_cifar_make(void *user, struct rog_dataset **made, struct rog_error *err)
{
    const struct conversion *conversion = user;
    char *program = NULL, *entry = NULL, *records = NULL;
    char *bin = rog_install_path("bin", err);
    int code =
        bin ? rog_cache_path(&entry, "data", conversion->recipe, "images", err) : ROG_EFAILED;
    if (code)
        goto out;
    program = rog_path_join(bin, "rog-hdf5");
    records = rog_format("%s" RECORDS_SUFFIX, entry); /* removed by the next process that takes the
                                                         entry's lock */
    if (!program || !records) {
        code = rog_fail_nomem(err);
        goto out;
    }
    code = run_converter(program, conversion->path, records, err);
    if (code == ROG_ENOTFOUND)
        code = rog_fail(
            err, ROG_EFAILED,
            "%s, which reads HDF5 files, is not installed; on a machine that has it, `rog-hdf5 "
            "FILE.h5 train.bin` writes the files for data = \"cifar100:FOLDER\"",
            program);
    if (!code)
        code = rog_cifar_read(made, records, ROG_CIFAR_ANY_RECORDS, err);
    unlink(records);
out:
    free(records);
    free(program);
    free(entry);
    free(bin);
    return code;
}

static int fed_cifar_open(const struct source *source, const char *folder, enum rog_split split,
                          struct rog_dataset **dataset, struct rog_error *err)
{
    char recipe[RECIPE_BYTES];
    char *path = NULL;
    int code = file_path(source, folder, split, &path, err);
    if (!code)
        code = file_describe(source, folder, split, recipe, sizeof recipe, err);
    struct conversion conversion = {path, recipe};
    if (!code)
        code = rog_cache_dataset(dataset, recipe, fed_cifar_make, &conversion, err);
    free(path);
    return code;
}

/* Converts the data set, which is kept in the cache. */
static int fed_cifar_check(const struct source *source, const char *folder, enum rog_split split,
                           struct rog_error *err)
{
    struct rog_dataset *dataset = NULL;
    int code = fed_cifar_open(source, folder, split, &dataset, err);
    rog_dataset_free(dataset);
    return code;
}

static int noisy_cifar_open(const struct source *source, const char *folder, enum rog_split split,
                            struct rog_dataset **dataset, struct rog_error *err)
{
    char *path = NULL;
    int code = file_path(source, folder, split, &path, err);
    if (!code)
        code = rog_noisy_cifar_read(dataset, path, err);
    free(path);
    return code;
}

static int noisy_cifar_check(const struct source *source, const char *folder, enum rog_split split,
                             struct rog_error *err)
{
    struct rog_dataset *dataset = NULL;
    int code = noisy_cifar_open(source, folder, split, &dataset, err);
    rog_dataset_free(dataset);
    return code;
}

static const struct source sources[] = {
    {.name = "synth100",
     .describe = synth_describe,
     .open = synth_open,
     .class_name = rog_synth_class_name},
    {.name = "cifar100",
     .files = {"train.bin", "test.bin"},
     .format = "the CIFAR-100 binary version's",
     .describe = file_describe,
     .open = cifar_open,
     .check = cifar_check,
     .class_name = rog_cifar_class_name},
    {.name = "fed-cifar100",
     .files = {"fed_cifar100_train.h5", "fed_cifar100_test.h5"},
     .format = "TensorFlow Federated's",
     .describe = file_describe,
     .open = fed_cifar_open,
     .check = fed_cifar_check,
     .class_name = rog_cifar_class_name},
    {.name = "noisy-cifar100",
     .files = {"mixed_fed_cifar100_train.pkl", "mixed_fed_cifar100_test.pkl"},
     .format = "the published artifact's",
     .from = "they are in its folder datasets",
     .noisy = true,
     .describe = file_describe,
     .open = noisy_cifar_open,
     .check = noisy_cifar_check,
     .class_name = rog_cifar_class_name},
};

static const char *next_source(const void *list, size_t index)
{
    return index < sizeof sources / sizeof *sources ? ((const struct source *)list)[index].name
                                                    : NULL;
}

static int fail_unknown(const char *text, const char *folder, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES];
    char *name = rog_format("%.*s", (int)strcspn(text, ":"), text);
    const char *near = name ? rog_nearest_name(name, next_source, sources) : NULL;
    bool has_files = near && strcmp(near, sources[0].name) != 0;
    char *whole = near ? rog_format("%s%s%s", near, has_files ? ":" : "",
                                    !has_files  ? ""
                                    : folder[0] ? folder
                                                : "FOLDER")
                       : NULL;
    int code = rog_fail(err, ROG_EINVAL,
                        "data must be \"synth100\", \"cifar100:FOLDER\", \"fed-cifar100:FOLDER\" "
                        "or \"noisy-cifar100:FOLDER\" (found \"%s\")%s",
                        text, rog_meant(whole, meant));
    free(whole);
    free(name);
    return code;
}

/* Splits "NAME:FOLDER"; *folder is "" without a colon. */
static const struct source *find_source(const char *text, const char **folder,
                                        struct rog_error *err)
{
    size_t length = strcspn(text, ":");
    *folder = text[length] ? text + length + 1 : "";
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const struct source *source = &sources[i];
        if (strlen(source->name) == length && !strncmp(source->name, text, length) &&
            (source->files[0] != NULL) == (**folder != '\0'))
            return source;
    }
    fail_unknown(text, *folder, err);
    return NULL;
}

int rog_dataset_class_name(const char *source, uint32_t label, char *text, size_t bytes,
                           struct rog_error *err)
{
    const char *folder = NULL;
    const struct source *found = find_source(source, &folder, err);
    if (!found)
        return ROG_EINVAL;
    if (label >= ROG_DATASET_CLASSES)
        return rog_fail(err, ROG_EINVAL, "%s has no class %u, classes are 0 to %d", source, label,
                        ROG_DATASET_CLASSES - 1);
    found->class_name(label, text, bytes);
    return ROG_OK;
}

bool rog_dataset_is_noisy(const char *source)
{
    const char *folder;
    const struct source *found = find_source(source, &folder, NULL);
    return found && found->noisy;
}

/* ---- with noise ---- */

struct request {
    const struct source *source;
    const char *folder, *noise;
    enum rog_split split;
    uint64_t noise_seed;
};

static int request_init(struct request *request, const char *source, enum rog_split split,
                        const char *noise, uint64_t seed, struct rog_error *err)
{
    request->source = find_source(source, &request->folder, err);
    if (!request->source)
        return ROG_EINVAL;
    if (request->source->noisy && strcmp(noise, "none") != 0)
        return rog_fail(
            err, ROG_EINVAL,
            "the images of %s already have noise: noise must be \"none\" (found \"%s\")",
            request->source->name, noise);
    request->noise = noise;
    request->split = split;
    request->noise_seed = 2 * seed + (split == ROG_SPLIT_TEST); /* each split has its own noise */
    return rog_noise_check(noise, err);
}

static int request_describe(const struct request *request, char *text, size_t bytes,
                            struct rog_error *err)
{
    char images[RECIPE_BYTES / 2], noise[RECIPE_BYTES / 2];
    int code = request->source->describe(request->source, request->folder, request->split, images,
                                         sizeof images, err);
    if (code)
        return code;
    if (!strcmp(request->noise, "none")) {
        snprintf(text, bytes, "%s", images);
        return ROG_OK;
    }
    rog_noise_describe(request->noise, noise, sizeof noise);
    snprintf(text, bytes, "%s; %s; seed %llu", images, noise,
             (unsigned long long)request->noise_seed);
    return ROG_OK;
}

static int noisy_make(void *user, struct rog_dataset **made, struct rog_error *err)
{
    const struct request *request = user;
    int code = request->source->open(request->source, request->folder, request->split, made, err);
    if (code)
        return code;
    code = rog_noise_apply(*made, request->noise, request->noise_seed, err);
    if (code) {
        rog_dataset_free(*made);
        *made = NULL;
    }
    return code;
}

int rog_dataset_describe(const char *source, enum rog_split split, const char *noise, uint64_t seed,
                         char *text, size_t bytes, struct rog_error *err)
{
    struct request request;
    int code = request_init(&request, source, split, noise, seed, err);
    return code ? code : request_describe(&request, text, bytes, err);
}

int rog_dataset_check(const char *source, enum rog_split split, const char *noise,
                      struct rog_error *err)
{
    struct request request;
    int code = request_init(&request, source, split, noise, 0, err);
    if (code || !request.source->check)
        return code;
    return request.source->check(request.source, request.folder, split, err);
}

int rog_dataset_open(struct rog_dataset **dataset, const char *source, enum rog_split split,
                     const char *noise, uint64_t seed, struct rog_error *err)
{
    *dataset = NULL;
    struct request request;
    int code = request_init(&request, source, split, noise, seed, err);
    if (code)
        return code;
    if (!strcmp(noise, "none"))
        return request.source->open(request.source, request.folder, split, dataset, err);
    char recipe[RECIPE_BYTES];
    code = request_describe(&request, recipe, sizeof recipe, err);
    return code ? code : rog_cache_dataset(dataset, recipe, noisy_make, &request, err);
}
