/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a file of a run of the published artifact. */
#include <orchestrator/import/artifact_file.h>

#include <ctype.h>
#include <stdlib.h>

#include <common/file.h>

int rog_artifact_open(struct rog_artifact *run, const struct rog_artifact_file *file,
                      struct rog_log *log, bool *there, struct rog_error *err)
{
    struct rog_error why = {0};
    char *path = rog_path_join(file->folder, file->file);
    *there = false;
    if (!path)
        return rog_fail_nomem(err);
    int code = rog_log_open(log, path, &why);
    free(path);
    *there = code == 0;
    if (code == 0 && log->lines.at == log->lines.stop)
        rog_artifact_note(run, "%s is empty", file->file);
    if (code == ROG_ENOTFOUND)
        rog_artifact_note(run, "%s is missing", file->file);
    else if (code == ROG_EFORMAT)
        rog_artifact_note(run, "%s is not read: %.300s", file->file, why.message);
    else if (code < 0)
        return rog_fail(err, code, "%s", why.message);
    return 0;
}

int rog_artifact_half_time(const struct rog_log *log)
{
    return !log->ended && isdigit((unsigned char)log->line[0]) ? -1 : 0;
}
