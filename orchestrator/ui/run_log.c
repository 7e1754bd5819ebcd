/* SPDX-License-Identifier: Apache-2.0 */
/* Searches the log files of a run. */
#include <orchestrator/ui/run_log.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/utf8.h>
#include <orchestrator/store/paths.h>

#define FILES_MAX 512
#define SEARCHED_BYTES ((off_t)32 << 20) /* bytes at the end of a file that are searched */
#define LINE_BYTES 4000                  /* most bytes shown of a line */

/* ---- files ---- */

static bool is_log(const char *name)
{
    size_t length = strlen(name);
    return strcmp(name, "log") == 0 || (length > 4 && strcmp(name + length - 4, ".log") == 0);
}

/* Lists the logs of a folder by name; also those of its subfolders if `inner` is NULL. */
static void list_folder(const char *folder, const char *inner, struct rog_json *files)
{
    struct dirent **entry = NULL;
    char *path = inner ? rog_path_join(folder, inner) : rog_strdup(folder);
    int count = path ? scandir(path, &entry, NULL, alphasort) : -1;
    for (int i = 0; i < count; i++) {
        const char *name = entry[i]->d_name;
        char *within = inner ? rog_path_join(inner, name) : rog_strdup(name);
        char *whole = within ? rog_path_join(folder, within) : NULL;
        struct stat status;
        bool known = whole && name[0] != '.' && lstat(whole, &status) == 0 &&
                     rog_json_size(files) < FILES_MAX;
        if (known && S_ISDIR(status.st_mode) && !inner) {
            list_folder(folder, name, files);
        } else if (known && S_ISREG(status.st_mode) && is_log(name)) {
            struct rog_json *file = rog_json_object();
            rog_json_put_string(file, "name", within);
            rog_json_put_integer(file, "bytes", status.st_size);
            rog_json_append(files, file);
        }
        free(whole);
        free(within);
        free(entry[i]);
    }
    free(entry);
    free(path);
}

/* Returns the requested file. Only names that were listed are opened. */
static const char *chosen(const struct rog_json *files, const char *wanted)
{
    for (size_t i = 0; i < rog_json_size(files); i++) {
        const char *name = rog_json_get_string(rog_json_at(files, i), "name", "");
        if (!wanted || strcmp(name, wanted) == 0)
            return name;
    }
    return NULL;
}

/* ---- reading ---- */

/* Reads the end of a regular file, which may grow meanwhile. *cut: there is more before it. */
static int read_end(const char *path, char **text, size_t *size, bool *cut, struct rog_error *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int code = 0;
    *text = NULL;
    *size = 0;
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        code = rog_fail(err, ROG_EIO, "%s cannot be read: %s", path, strerror(errno));
    } else {
        off_t from = status.st_size > SEARCHED_BYTES ? status.st_size - SEARCHED_BYTES : 0;
        *cut = from > 0;
        *text = malloc((size_t)(status.st_size - from) + 1);
        ssize_t got = *text ? pread(fd, *text, (size_t)(status.st_size - from), from) : 0;
        code = !*text    ? rog_fail_nomem(err)
               : got < 0 ? rog_fail(err, ROG_EIO, "%s: %s", path, strerror(errno))
                         : 0;
        *size = code == 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    return code;
}

/* Returns a line with invisible characters made visible, cut if it is very long. Heap memory. */
static char *shown(const char *line, size_t length)
{
    size_t size = length < LINE_BYTES ? length : LINE_BYTES;
    char *plain = rog_format("%.*s", (int)size, line);
    char *text = plain ? malloc(ROG_UTF8_SHOWN_MAX_BYTES * size + 8) : NULL;
    const char *at = plain;
    char *out = text;
    while (out && *at) {
        uint32_t code = rog_utf8_take(&at);
        out = code == '\t' ? rog_utf8_put(out, code) : rog_utf8_show(out, code);
    }
    if (out)
        strcpy(out, length > size ? " ..." : "");
    free(plain);
    return text;
}

/* Returns the text in lower case (ASCII), for searching. NULL without memory. */
static char *fold(const char *text, size_t size)
{
    char *folded = malloc(size + 1);
    for (size_t i = 0; folded && i < size; i++)
        folded[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 'a' - 'A') : text[i];
    if (folded)
        folded[size] = '\0';
    return folded;
}

/* Puts lines that contain `wanted` into `lines` (NULL: none), with their numbers from 1; returns
 * their number. `folded` is the text in lower case; NULL: all lines match. */
static int64_t walk(const char *text, size_t size, const char *folded, const char *wanted,
                    int64_t first, int64_t limit, struct rog_json *lines)
{
    size_t length_wanted = folded ? strlen(wanted) : 0;
    int64_t found = 0, number = 0;
    for (const char *at = text, *end = text + size; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        number++;
        if (!folded || memmem(folded + (at - text), length, wanted, length_wanted)) {
            if (lines && found >= first && found - first < limit) {
                struct rog_json *line = rog_json_object();
                char *clean = shown(at, length);
                rog_json_put_integer(line, "number", number);
                rog_json_put_string(line, "text", clean);
                rog_json_append(lines, line);
                free(clean);
            }
            found++;
        }
        at = stop ? stop + 1 : end;
    }
    return found;
}

static int search(const char *path, const struct rog_log_request *request, struct rog_json *log,
                  struct rog_error *err)
{
    char *text = NULL, *folded = NULL, *wanted = NULL;
    size_t size = 0;
    bool cut = false;
    struct rog_json *lines = rog_json_array();
    int code = read_end(path, &text, &size, &cut, err);
    if (code == 0 && request->text) {
        folded = fold(text, size);
        wanted = fold(request->text, strlen(request->text));
        code = folded && wanted ? 0 : rog_fail_nomem(err);
    }
    int64_t total = code == 0 ? walk(text, size, folded, wanted, 0, 0, NULL) : 0;
    int64_t last = total - request->limit - request->offset;
    int64_t first = request->tail ? (last > 0 ? last : 0) : request->offset;
    if (code == 0)
        walk(text, size, folded, wanted, first, request->limit, lines);
    rog_json_put(log, "lines", lines);
    rog_json_put_integer(log, "total", total);
    rog_json_put_integer(log, "first", first);
    rog_json_put_bool(log, "truncated", cut);
    free(wanted);
    free(folded);
    free(text);
    return code;
}

/* Returns whether the path is a folder and not a link, which could lead to logs of other users. */
static bool is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int rog_log_search(const char *database, const char *run_id, const struct rog_log_request *request,
                   struct rog_json **out, struct rog_error *err)
{
    struct rog_json *log = rog_json_object(), *files = rog_json_array();
    char *relative = rog_run_folder_name(database, run_id);
    char *folder = relative ? rog_store_path(database, relative) : NULL;
    int code = folder ? 0 : rog_fail_nomem(err);
    *out = NULL;
    /* Databases are not trusted: an id that leads out of the folder of runs has no logs. */
    if (code == 0 && !strchr(run_id, '/') && run_id[0] != '.' && is_folder(folder))
        list_folder(folder, NULL, files);
    const char *name = chosen(files, request->file);
    if (code == 0 && !name && request->file)
        code = rog_fail(err, ROG_ENOTFOUND, "run %s has no log %.200s", run_id, request->file);
    rog_json_put_string(log, "file", name);
    char *path = code == 0 && name ? rog_path_join(folder, name) : NULL;
    if (path)
        code = search(path, request, log, err);
    rog_json_put(log, "files", files);
    free(path);
    free(folder);
    free(relative);
    if (code == 0)
        *out = log;
    else
        rog_json_free(log);
    return code;
}
