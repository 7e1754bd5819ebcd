/* SPDX-License-Identifier: Apache-2.0 */
/* Extracts single files from archives with libarchive. */
#include <orchestrator/fetch/unpack.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include <common/file.h>

#define BLOCK_BYTES 65536
#define FILE_MAX_BYTES (INT64_C(4) << 30)

struct unpacking {
    const char *path, *folder;
    const char *const *names;
    size_t count;
    bool *found; /* [count] */
    struct archive *archive;
};

static int fail_archive(const struct unpacking *unpacking, struct rog_error *err)
{
    const char *cause = archive_error_string(unpacking->archive);
    return rog_fail(err, ROG_EFORMAT, "%s: %s", unpacking->path,
                    cause ? cause : "not a tar archive");
}

/* Returns the index of the name under which the entry is wanted; `count` if it is not wanted. */
static size_t wanted(const struct unpacking *unpacking, struct archive_entry *entry)
{
    const char *path = archive_entry_pathname(entry);
    if (!path || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
        return unpacking->count;
    const char *slash = strrchr(path, '/');
    size_t i = 0;
    while (i < unpacking->count && strcmp(unpacking->names[i], slash ? slash + 1 : path) != 0)
        i++;
    return i;
}

static int copy_content(struct unpacking *unpacking, const char *target, FILE *file,
                        struct rog_error *err)
{
    char block[BLOCK_BYTES];
    int64_t total = 0;
    for (;;) {
        la_ssize_t bytes = archive_read_data(unpacking->archive, block, sizeof block);
        if (bytes == 0)
            return ROG_OK;
        if (bytes < 0)
            return fail_archive(unpacking, err);
        total += bytes;
        if (total > FILE_MAX_BYTES)
            return rog_fail(err, ROG_EFORMAT, "%s: %s in it is larger than 4 GiB", unpacking->path,
                            target);
        if (fwrite(block, 1, (size_t)bytes, file) != (size_t)bytes)
            return rog_fail(err, ROG_EIO, "cannot write %s: %s", target, strerror(errno));
    }
}

static int take_file(struct unpacking *unpacking, size_t which, struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    char *target = NULL;
    int code;
    if (unpacking->found[which])
        return rog_fail(err, ROG_EFORMAT, "%s: contains %s more than once", unpacking->path,
                        unpacking->names[which]);
    target = rog_path_join(unpacking->folder, unpacking->names[which]);
    code = target ? rog_file_writer_open(&writer, target, err) : rog_fail_nomem(err);
    if (!code)
        code = copy_content(unpacking, target, writer.file, err);
    if (!code)
        code = rog_file_writer_commit(&writer, err);
    if (!code)
        unpacking->found[which] = true;
    rog_file_writer_discard(&writer);
    free(target);
    return code;
}

static int open_archive(struct unpacking *unpacking, struct rog_error *err)
{
    unpacking->archive = archive_read_new();
    unpacking->found = calloc(unpacking->count + 1, sizeof *unpacking->found);
    if (!unpacking->archive || !unpacking->found)
        return rog_fail_nomem(err);
    archive_read_support_format_tar(unpacking->archive);
    archive_read_support_filter_gzip(unpacking->archive);
    archive_read_support_filter_bzip2(unpacking->archive);
    archive_read_support_filter_xz(unpacking->archive);
    archive_read_support_filter_zstd(unpacking->archive);
    if (archive_read_open_filename(unpacking->archive, unpacking->path, BLOCK_BYTES) != ARCHIVE_OK)
        return fail_archive(unpacking, err);
    return ROG_OK;
}

static int read_entries(struct unpacking *unpacking, struct rog_error *err)
{
    int code = ROG_OK;
    while (!code) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(unpacking->archive, &entry);
        if (status == ARCHIVE_EOF)
            break;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return fail_archive(unpacking, err);
        size_t which = wanted(unpacking, entry);
        if (which < unpacking->count)
            code = take_file(unpacking, which, err);
    }
    for (size_t i = 0; i < unpacking->count && !code; i++)
        if (!unpacking->found[i])
            code = rog_fail(err, ROG_EFORMAT, "%s: does not contain %s", unpacking->path,
                            unpacking->names[i]);
    return code;
}

int rog_unpack(const char *archive, const char *const *names, size_t count, const char *folder,
               struct rog_error *err)
{
    struct unpacking unpacking = {
        .path = archive, .folder = folder, .names = names, .count = count};
    int code = open_archive(&unpacking, err);
    if (!code)
        code = read_entries(&unpacking, err);
    if (unpacking.archive)
        archive_read_free(unpacking.archive);
    free(unpacking.found);
    return code;
}
