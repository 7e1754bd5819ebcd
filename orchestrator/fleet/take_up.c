/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what a server has saved, and truncates a run's streams to that moment. */
#include <orchestrator/fleet/take_up.h>

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/state_slots.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/paths.h>
#include <rog/events.h>

#define SMALL_BYTES 65536
/* Times are written to the microsecond. */
#define EXACT_S 1e-6

/* ---- finding ---- */

static int read_json(const char *folder, const char *name, struct rog_json **json,
                     struct rog_error *err)
{
    char *path = rog_path_join(folder, name), *text = NULL;
    size_t size = 0;
    *json = NULL;
    int code = path ? rog_file_read(path, SMALL_BYTES, &text, &size, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_json_parse(text, size, path, json, err);
    free(text);
    free(path);
    return code;
}

/* Returns the time at which something was saved; 0: before any worker had finished an iteration. */
static double moment_of(const struct rog_json *about)
{
    return rog_json_get_integer(about, "iteration", 0) > 0 ? rog_json_get_number(about, "t", 0) : 0;
}

/* Checks a file, if server.json names one. */
static int check_file(const char *folder, const struct rog_json *saved, const char *name,
                      const char *hash, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES] = "";
    const char *file = rog_json_get_string(saved, name, "");
    if (!file[0])
        return 0;
    if (file[0] == '/' || strstr(file, ".."))
        return rog_fail(err, ROG_EFORMAT, ROG_RUN_SERVER_STATE " names a file of another folder");
    char *path = rog_path_join(folder, file);
    int code = path ? rog_sha256_file(path, hex, err) : rog_fail_nomem(err);
    if (code == 0 && strcmp(hex, rog_json_get_string(saved, hash, "")) != 0)
        code = rog_fail(err, ROG_EFORMAT, "%s is not the file that " ROG_RUN_SERVER_STATE " names",
                        path);
    free(path);
    return code;
}

/* Finds the time of the last checkpoint, if all of its files exist. */
static int find_checkpoint(const char *folder, double *t_s, struct rog_error *err)
{
    struct rog_json *saved = NULL;
    int code = read_json(folder, ROG_RUN_SERVER_STATE, &saved, err);
    if (code == 0)
        code = check_file(folder, saved, "path", "sha256", err);
    if (code == 0)
        code = check_file(folder, saved, "state", "state_sha256", err);
    *t_s = code == 0 ? moment_of(saved) : 0;
    rog_json_free(saved);
    return code;
}

/* Returns the time of the newest complete state, if newer than t_s, else t_s. */
static double newest_state_s(const char *folder, double t_s)
{
    for (unsigned slot = 0; slot < ROG_STATE_SLOTS; slot++) {
        struct rog_json *about = rog_state_slot_about(folder, slot);
        double own_s = moment_of(about);
        if (own_s > t_s && rog_state_slot_is_whole(folder, slot))
            t_s = own_s;
        rog_json_free(about);
    }
    return t_s;
}

int rog_take_up_look(const char *folder, bool stopped, struct rog_take_up *found,
                     struct rog_error *err)
{
    struct rog_error cause = {0};
    struct rog_json *last = NULL;
    *found = (struct rog_take_up){0};
    int code = find_checkpoint(folder, &found->t_s, &cause);
    if (code == ROG_ENOMEM)
        return rog_fail_again(err, &cause);
    found->t_s = newest_state_s(folder, found->t_s);
    if (found->t_s <= 0)
        return rog_fail(err, ROG_ENOTFOUND, "no saved state of its server is here%s%s",
                        code && code != ROG_EIO ? ": " : "",
                        code && code != ROG_EIO ? cause.message : "");
    if (!stopped && read_json(folder, ROG_RUN_RESUMED, &last, NULL) == 0 &&
        found->t_s <= rog_json_get_number(last, "t", 0) + EXACT_S)
        code = rog_fail(
            err, ROG_ENOTFOUND,
            "it was already resumed from %.1f s, and failed before anything later was saved",
            found->t_s);
    else
        code = 0;
    rog_json_free(last);
    return code;
}

/* ---- streams ---- */

/* Returns whether an event is kept: it is not later than the resume, and does not end the run. */
static bool is_kept(const char *line, double t_s, double *reached_s)
{
    struct rog_json *event = NULL;
    if (rog_json_parse(line, strlen(line), "event", &event, NULL))
        return false;
    const char *name = rog_json_get_string(event, "event", "");
    double at_s = rog_json_get_number(event, "t", 0);
    bool ends = strcmp(name, ROG_EVENT_ERROR) == 0 || strcmp(name, ROG_EVENT_END) == 0 ||
                strcmp(name, ROG_EVENT_REPLAY_END) == 0;
    *reached_s = fmax(*reached_s, at_s);
    rog_json_free(event);
    return !ends && at_s <= t_s + EXACT_S;
}

static int cut(const char *path, double t_s, double *reached_s, struct rog_error *err)
{
    struct rog_file_writer writer;
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return errno == ENOENT
                   ? 0
                   : rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    int code = rog_file_writer_open(&writer, path, err);
    ssize_t length;
    while (code == 0 && (length = getline(&line, &room, file)) > 0)
        if (line[length - 1] == '\n' && is_kept(line, t_s, reached_s) &&
            fwrite(line, 1, (size_t)length, writer.file) != (size_t)length)
            code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    if (code == 0)
        code = rog_file_writer_commit(&writer, err);
    else
        rog_file_writer_discard(&writer);
    free(line);
    fclose(file);
    return code;
}

/* Truncates the streams of a node, which are in that folder. */
static int cut_streams(const char *folder, struct rog_take_up *found, struct rog_error *err)
{
    static const char *const names[] = {ROG_STREAM_MAIN, ROG_STREAM_HOST};
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof names / sizeof *names; i++) {
        char *path = rog_path_join(folder, names[i]);
        code = path ? cut(path, found->t_s, &found->reached_s, err) : rog_fail_nomem(err);
        free(path);
    }
    return code;
}

static int cut_all(const char *folder, struct rog_take_up *found, struct rog_error *err)
{
    DIR *dir = opendir(folder);
    int code = dir ? cut_streams(folder, found, err)
                   : rog_fail(err, ROG_EIO, "cannot read %s: %s", folder, strerror(errno));
    for (struct dirent *entry; code == 0 && (entry = readdir(dir));) {
        if (!rog_run_is_worker_folder(entry->d_name))
            continue;
        char *path = rog_path_join(folder, entry->d_name);
        code = path ? cut_streams(path, found, err) : rog_fail_nomem(err);
        free(path);
    }
    if (dir)
        closedir(dir);
    return code;
}

/* ---- preparing ---- */

static int write_small(const char *folder, const char *name, const char *text,
                       struct rog_error *err)
{
    char *path = rog_path_join(folder, name);
    int code = path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(path);
    return code;
}

static int note(const char *folder, const struct rog_take_up *found, struct rog_error *err)
{
    char text[64];
    snprintf(text, sizeof text, "{\"t\": %.6f}\n", found->t_s);
    return write_small(folder, ROG_RUN_RESUMED, text, err);
}

static int record(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    int code = rog_db_begin(db, err);
    if (code == 0)
        code = rog_ingest_rewind(db, run_id, err);
    if (code == 0)
        code =
            rog_db_run(db, err, "UPDATE runs SET attempt = attempt + 1 WHERE id = ?", "s", run_id);
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}

/* Removes what killed processes have left. */
static int remove_leftovers(const char *folder, struct rog_error *err)
{
    static const char *const names[] = {ROG_RUN_KEY, ROG_RUN_PORT};
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof names / sizeof *names; i++) {
        char *path = rog_path_join(folder, names[i]);
        code = path ? rog_dir_remove(path, err) : rog_fail_nomem(err);
        free(path);
    }
    return code;
}

int rog_take_up_prepare(struct rog_db *db, const char *run_id, const char *folder,
                        const char *config_text, struct rog_take_up *found, struct rog_error *err)
{
    found->reached_s = found->t_s;
    int code = cut_all(folder, found, err);
    if (code == 0)
        code = remove_leftovers(folder, err);
    if (code == 0)
        code = write_small(folder, ROG_RUN_CONFIG, config_text, err);
    if (code == 0)
        code = write_small(folder, ROG_RUN_PAUSED, "", err);
    if (code == 0)
        code = note(folder, found, err);
    return code ? code : record(db, run_id, err);
}

void rog_take_up_log(const char *folder, const struct rog_take_up *found,
                     char text[ROG_TAKE_UP_BYTES])
{
    snprintf(text, ROG_TAKE_UP_BYTES,
             "it resumes from the state saved at %.1f s; it had reached %.1f s", found->t_s,
             found->reached_s);
    rog_run_log_resume(folder, found->t_s, found->reached_s - found->t_s, text);
}
