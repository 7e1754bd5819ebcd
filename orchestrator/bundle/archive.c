/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and reads archives of bundles with libarchive. */
#include <orchestrator/bundle/archive.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <archive.h>
#include <archive_entry.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/bundle/layout.h>

#define BLOCK_BYTES 65536
#define PATH_MAX_BYTES 1024
#define DEPTH_MAX 32
#define FILES_MAX 200000
#define MANIFEST_MAX_BYTES (64 << 20)
#define TOTAL_MAX_BYTES (INT64_C(256) << 30)

bool rog_bundle_path_is_plain(const char *path)
{
    size_t depth = 0;
    if (!path[0] || path[0] == '/' || strlen(path) > PATH_MAX_BYTES)
        return false;
    for (const char *part = path; part; depth++) {
        size_t size = strcspn(part, "/");
        if (size == 0 || depth == DEPTH_MAX || (size == 1 && part[0] == '.') ||
            (size == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part = part[size] ? part + size + 1 : NULL;
    }
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127 || *c == '\\')
            return false;
    return true;
}

/* --- writing --- */

static int fail_archive(struct archive *archive, const char *file, struct rog_error *err)
{
    const char *cause = archive_error_string(archive);
    return rog_fail(err, ROG_EIO, "%s: %s", file, cause ? cause : "cannot be written");
}

static int copy_in(struct archive *archive, const char *source, const char *file,
                   struct rog_error *err)
{
    char block[BLOCK_BYTES];
    size_t bytes;
    FILE *in = fopen(source, "rbe");
    int code = in ? 0 : rog_fail(err, ROG_EIO, "cannot open %s: %s", source, strerror(errno));
    while (code == 0 && (bytes = fread(block, 1, sizeof block, in)) > 0)
        if (archive_write_data(archive, block, bytes) != (la_ssize_t)bytes)
            code = fail_archive(archive, file, err);
    if (code == 0 && ferror(in))
        code = rog_fail(err, ROG_EIO, "cannot read %s", source);
    if (in)
        fclose(in);
    return code;
}

static int add_entry(struct archive *archive, const char *folder, const char *top, const char *path,
                     int64_t time_s, const char *file, struct rog_error *err)
{
    struct stat status;
    struct archive_entry *entry = archive_entry_new();
    char *source = rog_path_join(folder, path);
    char *name = top ? rog_format("%s/%s", top, path) : rog_strdup(path);
    int code = entry && source && name ? 0 : rog_fail_nomem(err);
    if (code == 0 && stat(source, &status) != 0)
        code = rog_fail(err, ROG_EIO, "cannot read %s: %s", source, strerror(errno));
    if (code == 0) {
        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, status.st_mode & 0111 ? 0755 : 0644);
        archive_entry_set_size(entry, status.st_size);
        archive_entry_set_mtime(entry, (time_t)time_s, 0);
        if (archive_write_header(archive, entry) != ARCHIVE_OK)
            code = fail_archive(archive, file, err);
    }
    if (code == 0)
        code = copy_in(archive, source, file, err);
    archive_entry_free(entry);
    free(name);
    free(source);
    return code;
}

static bool ends_in(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size > end_size && strcmp(text + size - end_size, end) == 0;
}

static int set_format(struct archive *archive, bool is_tar)
{
    archive_write_set_bytes_in_last_block(archive, 1); /* no padding after the compressed data */
    if (!is_tar)
        return archive_write_set_format_zip(archive);
    int code = archive_write_set_format_pax_restricted(archive);
    if (code == ARCHIVE_OK)
        code = archive_write_add_filter_zstd(archive);
    return code == ARCHIVE_OK ? archive_write_set_options(archive, "zstd:compression-level=10")
                              : code;
}

int rog_bundle_archive_check_name(const char *file, struct rog_error *err)
{
    return ends_in(file, ".tar.zst") || ends_in(file, ".zip")
               ? 0
               : rog_fail(err, ROG_EINVAL, "%s must end in .tar.zst or .zip", file);
}

int rog_bundle_archive_write(const char *file, const char *folder, const char *top,
                             const struct rog_json *files, int64_t time_s, struct rog_error *err)
{
    bool is_tar = ends_in(file, ".tar.zst");
    struct rog_file_writer writer = {0};
    int code = rog_bundle_archive_check_name(file, err);
    if (code < 0)
        return code;
    struct archive *archive = archive_write_new();
    if (!archive)
        return rog_fail_nomem(err);
    code = rog_file_writer_open(&writer, file, err);
    if (code == 0 && (set_format(archive, is_tar) != ARCHIVE_OK ||
                      archive_write_open_FILE(archive, writer.file) != ARCHIVE_OK))
        code = fail_archive(archive, file, err);
    const char *prefix = is_tar ? top : NULL;
    if (code == 0)
        code = add_entry(archive, folder, prefix, ROG_BUNDLE_MANIFEST, time_s, file, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(files); i++)
        code = add_entry(archive, folder, prefix,
                         rog_json_get_string(rog_json_at(files, i), "path", ""), time_s, file, err);
    if (code == 0 && archive_write_close(archive) != ARCHIVE_OK)
        code = fail_archive(archive, file, err);
    if (code == 0)
        code = rog_file_writer_commit(&writer, err);
    rog_file_writer_discard(&writer);
    archive_write_free(archive);
    return code;
}

/* --- manifests --- */

static int check_file(const struct rog_json *file, const char *origin, struct rog_json *seen,
                      int64_t *total, struct rog_error *err)
{
    const char *path = rog_json_get_string(file, "path", "");
    int64_t size = rog_json_get_integer(file, "size", -1);
    if (!rog_bundle_path_is_plain(path) || strcmp(path, ROG_BUNDLE_MANIFEST) == 0)
        return rog_fail(err, ROG_EFORMAT, "%s: not a valid path in a bundle: \"%s\"", origin, path);
    if (rog_json_get(seen, path))
        return rog_fail(err, ROG_EFORMAT, "%s: %s is listed twice", origin, path);
    if (size < 0 || size > TOTAL_MAX_BYTES - *total)
        return rog_fail(err, ROG_EFORMAT, "%s: %s has an invalid size", origin, path);
    if (strlen(rog_json_get_string(file, "sha256", "")) != ROG_SHA256_HEX_BYTES - 1)
        return rog_fail(err, ROG_EFORMAT, "%s: %s has no SHA-256", origin, path);
    *total += size;
    rog_json_put_integer(seen, path, size);
    return 0;
}

/* *seen: {path: size}. */
static int manifest_load(const char *path, struct rog_json **manifest, struct rog_json **seen,
                         int64_t *total, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    *manifest = NULL;
    *seen = rog_json_object();
    *total = 0;
    int code =
        *seen ? rog_file_read(path, MANIFEST_MAX_BYTES, &text, &size, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_json_parse(text, size, path, manifest, err);
    free(text);
    const struct rog_json *files = rog_json_get(*manifest, "files");
    const char *name = rog_json_get_string(*manifest, "case", "");
    if (code == 0 && (!rog_json_is_array(files) || !name[0]))
        code = rog_fail(err, ROG_EFORMAT, "%s: not the manifest of a bundle", path);
    if (code == 0 && rog_json_get_integer(*manifest, "format", 0) > ROG_BUNDLE_FORMAT)
        code = rog_fail(err, ROG_EFORMAT, "%s: created by a newer version of rogctl", path);
    if (code == 0 && rog_json_size(files) > FILES_MAX)
        code = rog_fail(err, ROG_EFORMAT, "%s: more than %d files", path, FILES_MAX);
    for (size_t i = 0; code == 0 && i < rog_json_size(files); i++)
        code = check_file(rog_json_at(files, i), path, *seen, total, err);
    return code;
}

int rog_bundle_manifest_read(const char *path, struct rog_json **manifest, struct rog_error *err)
{
    struct rog_json *seen = NULL;
    struct stat status;
    int64_t total = 0;
    *manifest = NULL;
    if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return rog_fail(err, ROG_EFORMAT, "%s: not a file", path);
    int code = manifest_load(path, manifest, &seen, &total, err);
    rog_json_free(seen);
    if (code < 0) {
        rog_json_free(*manifest);
        *manifest = NULL;
    }
    return code;
}

/* --- reading --- */

struct reading {
    const char *file, *folder;
    struct archive *archive;
    char *top;                        /* the folder that contains everything */
    struct rog_json *manifest, *left; /* {path: size} of files not read yet */
};

static int refuse(const struct reading *reading, const char *what, const char *path,
                  struct rog_error *err)
{
    return rog_fail(err, ROG_EFORMAT, "%s: %s: %s", reading->file, path, what);
}

/* Copies a file out of the archive. `exact`: it must have this size; otherwise at most. */
static int copy_out(const struct reading *reading, const char *path, int64_t size, bool exact,
                    bool is_program, struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    char block[BLOCK_BYTES];
    int64_t total = 0;
    char *target = rog_path_join(reading->folder, path);
    int code = target ? rog_file_writer_open(&writer, target, err) : rog_fail_nomem(err);
    while (code == 0) {
        la_ssize_t bytes = archive_read_data(reading->archive, block, sizeof block);
        if (bytes == 0)
            break;
        if (bytes < 0)
            code = refuse(reading, archive_error_string(reading->archive), path, err);
        else if ((total += bytes) > size)
            code = refuse(reading, "is longer than the manifest says", path, err);
        else if (fwrite(block, 1, (size_t)bytes, writer.file) != (size_t)bytes)
            code = rog_fail(err, ROG_EIO, "cannot write %s: %s", target, strerror(errno));
    }
    if (code == 0 && exact && total != size)
        code = refuse(reading, "is shorter than the manifest says", path, err);
    if (code == 0)
        code = rog_file_writer_commit(&writer, err);
    if (code == 0 && is_program && chmod(target, 0755) != 0)
        code = rog_fail(err, ROG_EIO, "cannot change %s: %s", target, strerror(errno));
    rog_file_writer_discard(&writer);
    free(target);
    return code;
}

static int take_manifest(struct reading *reading, const char *path, struct rog_error *err)
{
    struct statvfs disk;
    int64_t total = 0;
    if (strcmp(path, ROG_BUNDLE_MANIFEST) != 0)
        return refuse(reading, "it comes before the manifest: not a bundle", path, err);
    char *target = rog_path_join(reading->folder, path);
    int code = target ? copy_out(reading, path, MANIFEST_MAX_BYTES, false, false, err)
                      : rog_fail_nomem(err);
    if (code == 0)
        code = manifest_load(target, &reading->manifest, &reading->left, &total, err);
    if (code == 0 && statvfs(reading->folder, &disk) == 0 &&
        (uint64_t)total > (uint64_t)disk.f_bavail * disk.f_frsize)
        code = rog_fail(err, ROG_EIO,
                        "%s: its %lld KB do not fit into %s; hint: set TMPDIR to another folder",
                        reading->file, (long long)((total + 999) / 1000), reading->folder);
    free(target);
    return code;
}

/* Returns the entry's path below the top folder; NULL: it is in another folder. */
static const char *below_top(struct reading *reading, const char *path)
{
    const char *slash = path ? strchr(path, '/') : NULL;
    if (!slash || !rog_bundle_path_is_plain(path))
        return NULL;
    if (!reading->top)
        reading->top = strndup(path, (size_t)(slash - path));
    size_t size = (size_t)(slash - path);
    bool is_same =
        reading->top && strlen(reading->top) == size && strncmp(reading->top, path, size) == 0;
    return is_same ? slash + 1 : NULL;
}

static int take_entry(struct reading *reading, struct archive_entry *entry, struct rog_error *err)
{
    const char *whole = archive_entry_pathname(entry);
    const char *path = below_top(reading, whole);
    if (!path)
        return refuse(reading, "not a valid path in a bundle", whole ? whole : "", err);
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
        archive_entry_symlink(entry))
        return refuse(reading, "not a file", whole, err);
    if (!reading->manifest)
        return take_manifest(reading, path, err);
    const struct rog_json *size = rog_json_get(reading->left, path);
    if (!size)
        return refuse(reading, "is not in the manifest, or appears twice", whole, err);
    int code = copy_out(reading, path, rog_json_integer(size, 0), true,
                        (archive_entry_perm(entry) & 0111) != 0, err);
    rog_json_remove(reading->left, path);
    return code;
}

static int fail_foreign(const struct reading *reading, struct rog_error *err)
{
    const char *cause = archive_error_string(reading->archive);
    return rog_fail(err, ROG_EFORMAT, "%s: not a bundle (%s)%s", reading->file,
                    cause ? cause : "not a tar archive",
                    ends_in(reading->file, ".zip") ? "; hint: unpack the zip, and verify the folder"
                                                   : "");
}

static int open_archive(struct reading *reading, struct rog_error *err)
{
    reading->archive = archive_read_new();
    if (!reading->archive)
        return rog_fail_nomem(err);
    archive_read_support_format_tar(reading->archive);
    archive_read_support_filter_zstd(reading->archive);
    if (archive_read_open_filename(reading->archive, reading->file, BLOCK_BYTES) == ARCHIVE_OK)
        return 0;
    return fail_foreign(reading, err);
}

int rog_bundle_archive_read(const char *file, const char *folder, struct rog_error *err)
{
    struct reading reading = {.file = file, .folder = folder};
    int code = open_archive(&reading, err);
    while (code == 0) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(reading.archive, &entry);
        if (status == ARCHIVE_EOF)
            break;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
            code = fail_foreign(&reading, err);
        } else {
            code = take_entry(&reading, entry, err);
        }
    }
    if (code == 0 && !reading.manifest)
        code = rog_fail(err, ROG_EFORMAT, "%s: not a bundle: it is empty", file);
    if (code == 0 && rog_json_size(reading.left))
        code = rog_fail(err, ROG_EFORMAT, "%s: %zu files of the manifest are missing", file,
                        rog_json_size(reading.left));
    if (reading.archive)
        archive_read_free(reading.archive);
    rog_json_free(reading.manifest);
    rog_json_free(reading.left);
    free(reading.top);
    return code;
}
