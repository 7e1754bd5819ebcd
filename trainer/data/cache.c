/* SPDX-License-Identifier: Apache-2.0 */
/* Locks and files of the cache; files are checked when they are read. */
#include <trainer/data/cache.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <common/checksum.h>
#include <common/file.h>
#include <common/hash.h>

/* ---- locks ---- */

static int take_lock(struct rog_lock *lock, const char *path, int how, struct rog_error *err)
{
    lock->fd = -1;
    int code = ROG_OK;
    char *name = rog_format("%s.lock", path), *folder = rog_path_dir(path);
    if (!name || !folder) {
        code = rog_fail_nomem(err);
        goto out;
    }
    code = rog_dir_make(folder, err);
    if (code)
        goto out;
    lock->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock->fd < 0) {
        code = rog_fail(err, ROG_EIO, "%s: %s", name, strerror(errno));
        goto out;
    }
    while (flock(lock->fd, how)) {
        if (errno != EINTR) {
            code = rog_fail(err, errno == EWOULDBLOCK ? ROG_EBUSY : ROG_EIO, "%s: cannot lock: %s",
                            name, strerror(errno));
            rog_lock_release(lock);
            goto out;
        }
    }
out:
    free(name);
    free(folder);
    return code;
}

int rog_lock_take(struct rog_lock *lock, const char *path, struct rog_error *err)
{
    return take_lock(lock, path, LOCK_EX, err);
}

int rog_lock_try(struct rog_lock *lock, const char *path, struct rog_error *err)
{
    return take_lock(lock, path, LOCK_EX | LOCK_NB, err);
}

void rog_lock_release(struct rog_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}

int rog_cache_path(char **path, const char *folder, const char *recipe, const char *suffix,
                   struct rog_error *err)
{
    *path = NULL;
    char *cache = rog_cache_dir(err);
    if (!cache)
        return err ? err->code : ROG_EIO;
    char hash[ROG_SHA256_HEX_BYTES];
    rog_sha256(recipe, strlen(recipe), hash);
    *path = rog_format("%s/%s/%s.%s", cache, folder, hash, suffix);
    free(cache);
    return *path ? ROG_OK : rog_fail_nomem(err);
}

/* ---- data sets as files ---- */

/*
 * Layout: one line, "rogctl-images 2 COUNT CLASSES HEIGHT WIDTH SHA256 CHECKSUM", so that `head -1`
 * shows what a file is; the labels (2 bytes each, little-endian); the pixels. SHA256 is the data
 * set's own, computed when it was created. Readers detect damage by the checksum, which covers
 * everything else and takes a small part of the time.
 */
#define HEADER_BYTES 256
#define HEADER "rogctl-images 2 %u %u %u %u %s"
#define CHECKSUM " %016llx\n"

static uint64_t entry_checksum(const char *header, const struct rog_dataset *dataset)
{
    uint64_t sum = rog_checksum(1, header, strlen(header));
    sum = rog_checksum(sum, dataset->labels, dataset->count * sizeof *dataset->labels);
    return rog_checksum(sum, dataset->pixels, rog_dataset_bytes(dataset));
}

static void write_header(char header[HEADER_BYTES], const struct rog_dataset *dataset)
{
    snprintf(header, HEADER_BYTES, HEADER, dataset->count, dataset->classes, dataset->height,
             dataset->width, dataset->sha256);
    uint64_t sum = entry_checksum(header, dataset);
    size_t length = strlen(header);
    snprintf(header + length, HEADER_BYTES - length, CHECKSUM, (unsigned long long)sum);
}

static int write_entry(const char *path, const struct rog_dataset *dataset, struct rog_error *err)
{
    struct rog_file_writer writer = {NULL, NULL, NULL};
    int code = rog_file_writer_open(&writer, path, err);
    if (code)
        goto out;
    char header[HEADER_BYTES];
    write_header(header, dataset);
    fputs(header, writer.file);
    for (uint32_t i = 0; i < dataset->count; i++) {
        putc(dataset->labels[i] & 255, writer.file);
        putc(dataset->labels[i] >> 8, writer.file);
    }
    fwrite(dataset->pixels, 1, rog_dataset_bytes(dataset), writer.file);
    code = rog_file_writer_commit(&writer, err); /* reports a failed write above */
out:
    rog_file_writer_discard(&writer);
    if (code)
        rog_fail_prefix(
            err,
            "cannot store a data set in the cache; hint: set XDG_CACHE_HOME to another folder");
    return code;
}

/* ROG_EFORMAT for anything that differs from the output of write_entry. */
static int read_body(FILE *file, const char *path, struct rog_dataset **dataset,
                     struct rog_error *err)
{
    char header[HEADER_BYTES], expected[HEADER_BYTES], hash[ROG_SHA256_HEX_BYTES] = "";
    unsigned count = 0, classes = 0, height = 0, width = 0;
    if (!fgets(header, sizeof header, file) ||
        sscanf(header, "rogctl-images 2 %u %u %u %u %64[0-9a-f] ", &count, &classes, &height,
               &width, hash) != 5)
        return rog_fail(err, ROG_EFORMAT, "%s: not a file of images", path);
    int code = rog_dataset_new(dataset, count, classes, height, width, err);
    if (code)
        return code;
    struct rog_dataset *made = *dataset;
    for (uint32_t i = 0; i < count; i++) {
        int low = getc(file), high = getc(file);
        if (high == EOF || (low | high << 8) >= (int)classes)
            return rog_fail(err, ROG_EFORMAT, "%s: label %u is missing or wrong", path, i);
        made->labels[i] = (uint16_t)(low | high << 8);
    }
    if (fread(made->pixels, 1, rog_dataset_bytes(made), file) != rog_dataset_bytes(made) ||
        getc(file) != EOF)
        return rog_fail(err, ROG_EFORMAT, "%s: its length does not match its header", path);
    memcpy(made->sha256, hash, sizeof hash);
    write_header(expected, made);
    if (strcmp(header, expected))
        return rog_fail(err, ROG_EFORMAT, "%s: its contents do not match its checksum", path);
    return ROG_OK;
}

static int read_entry(const char *path, struct rog_dataset **dataset, struct rog_error *err)
{
    *dataset = NULL;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "%s: %s", path,
                        strerror(errno));
    int code = read_body(file, path, dataset, err);
    fclose(file);
    if (code) {
        rog_dataset_free(*dataset);
        *dataset = NULL;
    }
    return code;
}

/* Missing and damaged entries are created again; anything else is an error. */
static bool must_make(int code)
{
    return code == ROG_ENOTFOUND || code == ROG_EFORMAT || code == ROG_EINVAL;
}

int rog_cache_dataset(struct rog_dataset **dataset, const char *recipe,
                      int (*make)(void *user, struct rog_dataset **made, struct rog_error *err),
                      void *user, struct rog_error *err)
{
    *dataset = NULL;
    struct rog_lock lock = ROG_LOCK_NONE;
    struct rog_dataset *made = NULL;
    char *path = NULL;
    int code = rog_cache_path(&path, "data", recipe, "images", err);
    if (code)
        return code;
    code = read_entry(path, &made, err);
    if (!must_make(code))
        goto out;
    code = rog_lock_take(&lock, path, err);
    if (code)
        goto out;
    code = read_entry(path, &made, err); /* another process may have created it meanwhile */
    if (!must_make(code))
        goto out;
    code = make(user, &made, err);
    if (!code)
        code = write_entry(path, made, err);
out:
    rog_lock_release(&lock);
    free(path);
    if (code) {
        rog_dataset_free(made);
        made = NULL;
    }
    *dataset = made;
    return code;
}
