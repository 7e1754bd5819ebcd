/* SPDX-License-Identifier: Apache-2.0 */
/* Makes names of runs, and finds the next unused one. */
#include <orchestrator/plan/names.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <orchestrator/store/paths.h>

/* Returns 1 if a run or a run's folder has that name, 0 if not. */
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

/* Returns the name with the suffix of its copy; no suffix for the first. Heap memory. */
static char *copy_name(const char *name, long long copy)
{
    return copy > 1 ? rog_format("%s-%lld", name, copy) : rog_strdup(name);
}

static int is_copy_taken(struct rog_db *db, const char *name, long long copy, struct rog_error *err)
{
    char *candidate = copy_name(name, copy);
    int taken = candidate ? is_taken(db, candidate, err) : rog_fail_nomem(err);
    free(candidate);
    return taken;
}

/* Sets *copy to an unused number that follows a used one. A sweep may give thousands of runs the
 * same name within a minute, so that it uses a binary search. */
static int find_free(struct rog_db *db, const char *name, long long *copy, struct rog_error *err)
{
    long long most = 0, least = 1; /* the greatest known to be used, the least known to be unused */
    int taken;
    while ((taken = is_copy_taken(db, name, least, err)) == 1) {
        most = least;
        least *= 2;
    }
    while (taken >= 0 && least - most > 1) {
        long long middle = most + (least - most) / 2;
        taken = is_copy_taken(db, name, middle, err);
        *(taken == 1 ? &most : &least) = middle;
    }
    *copy = least;
    return taken < 0 ? taken : 0;
}

int rog_run_name(struct rog_db *db, time_t now, const char *library, long long threshold,
                 const char *control, char **name, struct rog_error *err)
{
    struct tm local;
    char minute[32], text[ROG_THRESHOLD_TEXT_BYTES];
    long long copy = 1;
    localtime_r(&now, &local);
    strftime(minute, sizeof minute, "%m-%d-%H-%M", &local);
    *name = NULL;
    char *first =
        rog_format("%s-%s-%s-%s", minute, library, rog_threshold_text(threshold, text), control);
    int code = first ? find_free(db, first, &copy, err) : rog_fail_nomem(err);
    if (code == 0 && !(*name = copy_name(first, copy)))
        code = rog_fail_nomem(err);
    free(first);
    return code;
}
