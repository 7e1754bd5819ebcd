/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the paths of runs' files beside a database. */
#include <orchestrator/store/paths.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>

char *rog_runs_folder_name(const char *db_path)
{
    const char *slash = strrchr(db_path, '/');
    const char *base = slash ? slash + 1 : db_path;
    size_t length = strlen(base);
    if (length > 3 && strcmp(base + length - 3, ".db") == 0)
        length -= 3;
    return rog_format("%.*s.runs", (int)length, base);
}

char *rog_run_folder_name(const char *db_path, const char *run_id)
{
    char *runs = rog_runs_folder_name(db_path);
    char *folder = runs ? rog_path_join(runs, run_id) : NULL;
    free(runs);
    return folder;
}

char *rog_store_path(const char *db_path, const char *relative)
{
    char *dir = rog_path_dir(db_path);
    char *path = dir ? rog_path_join(dir, relative) : NULL;
    free(dir);
    return path;
}
