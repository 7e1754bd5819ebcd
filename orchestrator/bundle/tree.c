/* SPDX-License-Identifier: Apache-2.0 */
/* Adds files to a bundle while it is made. */
#include <orchestrator/bundle/tree.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <orchestrator/bundle/archive.h>
#include <orchestrator/figures/figures.h>

#define BLOCK_BYTES 65536
#define PDF_MAX_BYTES (64 << 20)

int rog_bundle_note_file(struct rog_bundle *bundle, const char *path, struct rog_error *err)
{
    struct stat status;
    char hex[ROG_SHA256_HEX_BYTES];
    char *target = rog_path_join(bundle->folder, path);
    int code = target ? rog_sha256_file(target, hex, err) : rog_fail_nomem(err);
    if (code == 0 && stat(target, &status) != 0)
        code = rog_fail(err, ROG_EIO, "cannot read %s: %s", target, strerror(errno));
    if (code == 0) {
        struct rog_json *file = rog_json_object();
        rog_json_put_string(file, "path", path);
        rog_json_put_integer(file, "size", status.st_size);
        rog_json_put_string(file, "sha256", hex);
        rog_json_append(bundle->files, file);
    }
    free(target);
    return code;
}

int rog_bundle_add_text(struct rog_bundle *bundle, const char *path, const char *text, size_t size,
                        struct rog_error *err)
{
    char *target = rog_path_join(bundle->folder, path);
    int code = target ? rog_file_write(target, text, size, err) : rog_fail_nomem(err);
    free(target);
    return code < 0 ? code : rog_bundle_note_file(bundle, path, err);
}

int rog_bundle_add_json(struct rog_bundle *bundle, const char *path, struct rog_json *value,
                        struct rog_error *err)
{
    char *text = rog_json_text_pretty(value);
    char *line = text ? rog_format("%s\n", text) : NULL;
    rog_json_free(value);
    free(text);
    int code =
        line ? rog_bundle_add_text(bundle, path, line, strlen(line), err) : rog_fail_nomem(err);
    free(line);
    return code;
}

static int copy(FILE *from, FILE *to, const char *source, struct rog_error *err)
{
    char block[BLOCK_BYTES];
    size_t bytes;
    while ((bytes = fread(block, 1, sizeof block, from)) > 0)
        if (fwrite(block, 1, bytes, to) != bytes)
            return rog_fail(err, ROG_EIO, "cannot copy %s: %s", source, strerror(errno));
    return ferror(from) ? rog_fail(err, ROG_EIO, "cannot read %s", source) : 0;
}

int rog_bundle_add_file(struct rog_bundle *bundle, const char *path, const char *source,
                        struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    struct stat status;
    char *target = rog_path_join(bundle->folder, path);
    FILE *from = fopen(source, "rbe");
    bool is_file = from && fstat(fileno(from), &status) == 0 && S_ISREG(status.st_mode);
    int code = !target   ? rog_fail_nomem(err)
               : is_file ? 0
               : from    ? rog_fail(err, ROG_ENOTFOUND, "%s is not a file", source)
                      : rog_fail(err, ROG_ENOTFOUND, "cannot open %s: %s", source, strerror(errno));
    if (code == 0)
        code = rog_file_writer_open(&writer, target, err);
    if (code == 0)
        code = copy(from, writer.file, source, err);
    if (code == 0)
        code = rog_file_writer_commit(&writer, err);
    rog_file_writer_discard(&writer);
    if (code == 0 && status.st_mode & 0111)
        chmod(target, 0755);
    if (from)
        fclose(from);
    free(target);
    return code < 0 ? code : rog_bundle_note_file(bundle, path, err);
}

int rog_bundle_make_program(struct rog_bundle *bundle, const char *path, struct rog_error *err)
{
    char *target = rog_path_join(bundle->folder, path);
    int code = target ? 0 : rog_fail_nomem(err);
    if (code == 0 && chmod(target, 0755) != 0)
        code = rog_fail(err, ROG_EIO, "cannot change %s: %s", target, strerror(errno));
    free(target);
    return code;
}

static void say_nothing(void *user, const char *text)
{
    (void)user, (void)text;
}

static int is_pdf(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && dot != entry->d_name && strcmp(dot, ".pdf") == 0;
}

/* Replaces the time that Cairo writes into a PDF by midnight of 1970, which has the same length. */
static int remove_date(const char *path, struct rog_error *err)
{
    static const char key[] = "/CreationDate (D:", date[] = "19700101000000";
    char *data = NULL;
    size_t size = 0;
    int code = rog_file_read(path, PDF_MAX_BYTES, &data, &size, err);
    char *at = code == 0 ? memmem(data, size, key, strlen(key)) : NULL;
    if (at && (size_t)(data + size - at) > strlen(key) + strlen(date)) {
        memcpy(at + strlen(key), date, strlen(date));
        code = rog_file_write(path, data, size, err);
    }
    free(data);
    return code;
}

int rog_bundle_draw(struct rog_db *db, const char *case_name, const char *folder,
                    struct rog_error *err)
{
    struct dirent **entries = NULL;
    const struct rog_figures_options options = {.plots = folder, .log = say_nothing};
    /* The time zone is written after the time. */
    char *zone = rog_strdup(getenv("TZ"));
    setenv("TZ", "UTC0", 1);
    int code = rog_figures_draw_case(db, case_name, &options, err);
    if (zone)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    free(zone);
    int count = code == 0 ? scandir(folder, &entries, is_pdf, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        char *path = rog_path_join(folder, entries[i]->d_name);
        if (code == 0)
            code = path ? remove_date(path, err) : rog_fail_nomem(err);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return code == ROG_ENOTFOUND ? 0 : code; /* there may be nothing to draw */
}

char *rog_bundle_input_path(const char *path)
{
    if (path[0] != '/')
        return NULL;
    char *inside = rog_format(ROG_BUNDLE_INPUTS "%s", path);
    if (inside && rog_bundle_path_is_plain(inside))
        return inside;
    free(inside);
    return NULL;
}
