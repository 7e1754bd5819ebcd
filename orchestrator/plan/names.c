/* SPDX-License-Identifier: Apache-2.0 */
/* Makes names of runs, and finds the next free one. */
#include <orchestrator/plan/names.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <orchestrator/store/paths.h>

/* 1 when a run or a run's folder has that name, 0 when not. */
static int is_taken(struct rog_db *db, const char *name, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, "SELECT 1 FROM runs WHERE id = ?", "s", name);
    if (code == 0)
        code = rog_query_step(query, err);
    rog_query_free(query);
    if (code != 0)
        return code;
    char *folder = rog_run_folder_name(rog_db_path(db), name);
    char *path = folder ? rog_store_path(rog_db_path(db), folder) : NULL;
    code = path ? rog_file_exists(path) : rog_fail_nomem(err);
    free(path);
    free(folder);
    return code;
}

int rog_run_name(struct rog_db *db, time_t now, const char *library, long long threshold,
                 const char *control, char **name, struct rog_error *err)
{
    struct tm local;
    char minute[32], text[ROG_THRESHOLD_TEXT_BYTES];
    localtime_r(&now, &local);
    strftime(minute, sizeof minute, "%m-%d-%H-%M", &local);
    *name = NULL;
    for (int copy = 1;; copy++) {
        char suffix[16] = "";
        if (copy > 1)
            snprintf(suffix, sizeof suffix, "-%d", copy);
        char *candidate = rog_format("%s-%s-%s-%s%s", minute, library,
                                     rog_threshold_text(threshold, text), control, suffix);
        if (!candidate)
            return rog_fail_nomem(err);
        int taken = is_taken(db, candidate, err);
        if (taken == 0) {
            *name = candidate;
            return 0;
        }
        free(candidate);
        if (taken < 0)
            return taken;
    }
}
