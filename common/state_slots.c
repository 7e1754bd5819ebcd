/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and reads the two files from which a server resumes. */
#include <common/state_slots.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/checksum.h>
#include <common/file.h>

#define LINE_MAX_BYTES 4096
#define FIRST_SUM 1
#define SIZES "sizes"

static char *slot_path(const char *folder, unsigned slot)
{
    return rog_format("%s/" ROG_STATE_FOLDER "/%u", folder, slot);
}

/* ---- writing ---- */

static int put(int fd, const void *bytes, size_t size, off_t *at)
{
    const char *from = bytes;
    while (size > 0) {
        ssize_t written = pwrite(fd, from, size, *at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        from += written;
        size -= (size_t)written;
        *at += written;
    }
    return 0;
}

static int put_all(int fd, const char *line, const struct rog_state_part *parts, size_t count)
{
    off_t at = 0;
    uint64_t sum = rog_checksum(FIRST_SUM, line, strlen(line));
    int failed = put(fd, line, strlen(line), &at);
    for (size_t i = 0; i < count && !failed; i++) {
        sum = rog_checksum(sum, parts[i].bytes, parts[i].size);
        failed = put(fd, parts[i].bytes, parts[i].size, &at);
    }
    if (!failed)
        failed = put(fd, &sum, sizeof sum, &at);
    return failed ? failed : ftruncate(fd, at);
}

int rog_state_slot_write(const char *folder, unsigned slot, struct rog_json *about,
                         const struct rog_state_part *parts, size_t count, struct rog_error *err)
{
    struct rog_json *sizes = rog_json_array();
    for (size_t i = 0; i < count; i++)
        rog_json_append(sizes, rog_json_new_integer((int64_t)parts[i].size));
    rog_json_put(about, SIZES, sizes);
    char *path = slot_path(folder, slot), *text = rog_json_text(about);
    char *line = text ? rog_format("%s\n", text) : NULL, *dir = path ? rog_path_dir(path) : NULL;
    int code = dir && line ? rog_dir_make(dir, err) : rog_fail_nomem(err);
    int fd = code ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (!code && (fd < 0 || put_all(fd, line, parts, count)))
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0 && close(fd) && !code)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    free(dir);
    free(line);
    free(text);
    free(path);
    return code;
}

/* ---- reading ---- */

/* Opens the file after its first line, which is heap memory; NULL if it does not exist or has no
 * complete line. */
static FILE *open_slot(const char *path, char **line)
{
    FILE *file = fopen(path, "rbe");
    size_t length = 0;
    *line = file ? malloc(LINE_MAX_BYTES) : NULL;
    bool whole = *line && fgets(*line, LINE_MAX_BYTES, file) && (length = strlen(*line)) > 0 &&
                 (*line)[length - 1] == '\n';
    if (whole)
        return file;
    if (file)
        fclose(file);
    free(*line);
    *line = NULL;
    return NULL;
}

struct rog_json *rog_state_slot_about(const char *folder, unsigned slot)
{
    struct rog_json *about = NULL;
    char *path = slot_path(folder, slot), *line = NULL;
    FILE *file = path ? open_slot(path, &line) : NULL;
    if (file) {
        fclose(file);
        if (rog_json_parse(line, strlen(line), path, &about, NULL))
            about = NULL;
    }
    free(line);
    free(path);
    return about;
}

static bool read_all(FILE *file, const char *line, const struct rog_state_part *parts, size_t count)
{
    uint64_t sum = rog_checksum(FIRST_SUM, line, strlen(line)), kept;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size && fread(parts[i].bytes, 1, parts[i].size, file) != parts[i].size)
            return false;
        sum = rog_checksum(sum, parts[i].bytes, parts[i].size);
    }
    return fread(&kept, 1, sizeof kept, file) == sizeof kept && kept == sum && fgetc(file) == EOF;
}

int rog_state_slot_read(const char *folder, unsigned slot, const struct rog_state_part *parts,
                        size_t count, struct rog_error *err)
{
    char *path = slot_path(folder, slot), *line = NULL;
    FILE *file = path ? open_slot(path, &line) : NULL;
    int code = ROG_OK;
    if (!path)
        code = rog_fail_nomem(err);
    else if (!file || !read_all(file, line, parts, count))
        code = rog_fail(err, ROG_EFORMAT, "%s is damaged: its contents do not match its checksum",
                        path);
    if (file)
        fclose(file);
    free(line);
    free(path);
    return code;
}

int64_t rog_state_slot_size(const struct rog_json *about, size_t part)
{
    return rog_json_integer(rog_json_at(rog_json_get(about, SIZES), part), -1);
}

bool rog_state_slot_is_whole(const char *folder, unsigned slot)
{
    struct rog_json *about = rog_state_slot_about(folder, slot);
    size_t count = rog_json_size(rog_json_get(about, SIZES));
    struct rog_state_part *parts = calloc(count + 1, sizeof *parts);
    bool whole = about && parts;
    for (size_t i = 0; i < count && whole; i++) {
        int64_t size = rog_state_slot_size(about, i);
        parts[i].size = size > 0 ? (size_t)size : 0;
        parts[i].bytes = size >= 0 ? malloc(parts[i].size + 1) : NULL;
        whole = parts[i].bytes != NULL;
    }
    whole = whole && rog_state_slot_read(folder, slot, parts, count, NULL) == ROG_OK;
    for (size_t i = 0; parts && i < count; i++)
        free(parts[i].bytes);
    free(parts);
    rog_json_free(about);
    return whole;
}

void rog_state_slots_remove(const char *folder)
{
    char *path = rog_path_join(folder, ROG_STATE_FOLDER);
    if (path)
        rog_dir_remove(path, NULL);
    free(path);
}
