/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the saved models of a run; writes and reads the results of their tests. */
#include <orchestrator/store/checkpoints.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/store/paths.h>

#define TESTED_MAX_BYTES ((size_t)64 << 20)

static int add(struct rog_checkpoints *checkpoints, const struct rog_query *row,
               struct rog_error *err)
{
    size_t count = checkpoints->count;
    struct rog_checkpoint *more = realloc(checkpoints->item, (count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    const char *sha256 = rog_query_text(row, 3);
    checkpoints->item = more;
    more[count] = (struct rog_checkpoint){
        .t = rog_query_real(row, 0),
        .iteration = rog_query_int(row, 1),
        .path = rog_strdup(rog_query_text(row, 2)),
        .sha256 = rog_strdup(sha256),
        .accuracy = rog_query_is_null(row, 4) ? (double)NAN : rog_query_real(row, 4),
    };
    checkpoints->count++;
    return more[count].path && !more[count].sha256 == !sha256 ? 0 : rog_fail_nomem(err);
}

int rog_checkpoints_load(struct rog_db *db, const char *run_id, struct rog_checkpoints *checkpoints,
                         struct rog_error *err)
{
    struct rog_query *query = NULL;
    *checkpoints = (struct rog_checkpoints){0};
    int code = rog_query_new(&query, db, err,
                             "SELECT t, iteration, path, sha256, accuracy FROM checkpoints"
                             " WHERE run_id = ? ORDER BY t",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = add(checkpoints, query, err);
    rog_query_free(query);
    if (code < 0)
        rog_checkpoints_release(checkpoints);
    return code;
}

void rog_checkpoints_release(struct rog_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->count; i++) {
        free(checkpoints->item[i].path);
        free(checkpoints->item[i].sha256);
    }
    free(checkpoints->item);
    *checkpoints = (struct rog_checkpoints){0};
}

const char *rog_checkpoint_name(const char *path, const char *run_id)
{
    const size_t length = strlen(run_id);
    for (const char *at = path; (at = strstr(at, run_id)); at++)
        if ((at == path || at[-1] == '/') && at[length] == '/')
            return at + length + 1;
    return path;
}

/* ---- results of tests ---- */

/* Appends a line, or nothing if it cannot be written completely. */
static int append(const char *path, const char *line, struct rog_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), code = 0;
    off_t before = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line)) {
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
        if (fd >= 0 && ftruncate(fd, before) != 0)
            unlink(path);
    }
    if (fd >= 0)
        close(fd);
    return code;
}

int rog_tested_add(const char *folder, const char *run_id, const char *path,
                   const struct rog_json *event, struct rog_error *err)
{
    struct rog_json *said = rog_json_copy(event);
    rog_json_put_string(said, "path", rog_checkpoint_name(path, run_id));
    char *words = rog_json_text(said);
    char *line = words ? rog_format("%s\n", words) : NULL;
    char *file = rog_path_join(folder, ROG_TESTED);
    int code = line && file ? append(file, line, err) : rog_fail_nomem(err);
    free(file);
    free(line);
    free(words);
    rog_json_free(said);
    return code;
}

static int read_lines(const char *text, const char *path, struct rog_json *tested,
                      struct rog_error *err)
{
    int code = 0;
    const char *end;
    for (; code == 0 && (end = strchr(text, '\n')); text = end + 1) {
        struct rog_json *line = NULL;
        code = rog_json_parse(text, (size_t)(end - text), path, &line, err);
        const char *name = rog_json_get_string(line, "path", NULL);
        if (code == 0 && !name)
            code = rog_fail(err, ROG_EFORMAT, "%s: a line has no path: %.*s", path,
                            (int)(end - text), text);
        if (code == 0)
            rog_json_put(tested, name, rog_json_copy(line));
        rog_json_free(line);
    }
    return code;
}

int rog_tested_load(const char *folder, struct rog_json **tested, struct rog_error *err)
{
    char *path = rog_path_join(folder, ROG_TESTED), *text = NULL;
    size_t size;
    *tested = NULL;
    int code = path ? 0 : rog_fail_nomem(err);
    if (code == 0 && rog_file_exists(path)) {
        code = rog_file_read(path, TESTED_MAX_BYTES, &text, &size, err);
        *tested = rog_json_object();
        if (code == 0)
            code = read_lines(text, path, *tested, err);
    }
    free(text);
    free(path);
    if (code < 0) {
        rog_json_free(*tested);
        *tested = NULL;
    }
    return code;
}
