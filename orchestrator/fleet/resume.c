/* SPDX-License-Identifier: Apache-2.0 */
/* Reads snapshots, and truncates a run's stream to the moment of its snapshot. */
#include <orchestrator/fleet/resume.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/settings.h>
#include <common/snapshot.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/ingest.h>

#define CONFIG_MAX_BYTES (16u << 20)

/* Reads the header of the snapshot. Returns ROG_ENOTFOUND if there is none. */
static int read_snapshot(const char *folder, int64_t *events_bytes, double *t_s,
                         struct rog_error *err)
{
    struct rog_json *header = NULL;
    char *path = rog_snapshot_path(folder);
    int code = path ? rog_snapshot_header(path, &header, err) : rog_fail_nomem(err);
    *events_bytes = rog_json_get_integer(header, "events_bytes", 0);
    *t_s = rog_json_get_number(header, "t", 0);
    rog_json_free(header);
    free(path);
    return code;
}

bool rog_resume_is_possible(const char *folder, double *t_s)
{
    int64_t bytes;
    struct stat info;
    char *events = rog_path_join(folder, ROG_RUN_EVENTS);
    bool possible = read_snapshot(folder, &bytes, t_s, NULL) == 0 && events &&
                    stat(events, &info) == 0 && info.st_size >= bytes;
    free(events);
    return possible;
}

static int cut_events(const char *folder, struct rog_error *err)
{
    int64_t bytes;
    double t_s;
    int code = read_snapshot(folder, &bytes, &t_s, err);
    char *events = rog_path_join(folder, ROG_RUN_EVENTS);
    if (code == 0 && !events)
        code = rog_fail_nomem(err);
    if (code == 0 && truncate(events, (off_t)bytes) != 0)
        code = rog_fail(err, ROG_EIO, "cannot truncate %s: %s", events, strerror(errno));
    free(events);
    return code;
}

/* Copies the settings for supervising processes into the run's configuration: they may have changed
 * since it was interrupted, perhaps because of that. */
static int take_settings(const char *folder, const struct rog_json *settings, struct rog_error *err)
{
    char *path = rog_path_join(folder, ROG_RUN_CONFIG), *text = NULL;
    size_t size = 0;
    struct rog_json *config = NULL;
    int code =
        path ? rog_file_read(path, CONFIG_MAX_BYTES, &text, &size, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_json_parse(text, size, path, &config, err);
    free(text);
    text = NULL;
    if (code == 0) {
        rog_settings_remove(rog_run_settings, ROG_SETTING_OF_PROCESSES, config);
        rog_settings_copy(rog_run_settings, ROG_SETTING_OF_PROCESSES, 0, settings, config);
        text = rog_json_text_pretty(config);
        code = text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    }
    rog_json_free(config);
    free(text);
    free(path);
    return code;
}

int rog_resume_prepare(struct rog_db *db, const char *run_id, const char *folder,
                       const struct rog_json *config, struct rog_error *err)
{
    int code = cut_events(folder, err);
    if (code == 0)
        code = take_settings(folder, config, err);
    if (code == 0)
        code = rog_db_begin(db, err);
    if (code < 0)
        return code;
    code = rog_ingest_rewind(db, run_id, err);
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}

int rog_resume_forget(const char *folder, struct rog_error *err)
{
    char *path = rog_path_join(folder, ROG_SNAPSHOT_FOLDER);
    int code = path ? rog_dir_remove(path, err) : rog_fail_nomem(err);
    free(path);
    return code;
}
