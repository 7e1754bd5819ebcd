/* SPDX-License-Identifier: Apache-2.0 */
/* Opens and closes the script and data files of a panel. */
#include <orchestrator/figures/panel.h>

#include <stdlib.h>

static int open_one(struct rog_file_writer *writer, const char *folder, const char *stem,
                    const char *extension, struct rog_error *err)
{
    char *path = rog_format("%s/%s.%s", folder, stem, extension);
    if (!path)
        return rog_fail_nomem(err);
    int code = rog_file_writer_open(writer, path, err);
    free(path);
    return code;
}

int rog_panel_files_open(struct rog_panel_files *files, const char *folder, const char *stem,
                         struct rog_error *err)
{
    *files = (struct rog_panel_files){0};
    int code = open_one(&files->script_writer, folder, stem, "gp", err);
    if (code < 0)
        return code;
    code = open_one(&files->data_writer, folder, stem, "dat", err);
    if (code < 0) {
        rog_file_writer_discard(&files->script_writer);
        return code;
    }
    files->script = files->script_writer.file;
    files->data = files->data_writer.file;
    return 0;
}

int rog_panel_files_close(struct rog_panel_files *files, int code, struct rog_error *err)
{
    if (code == 0)
        code = rog_file_writer_commit(&files->script_writer, err);
    if (code == 0)
        code = rog_file_writer_commit(&files->data_writer, err);
    rog_file_writer_discard(&files->script_writer);
    rog_file_writer_discard(&files->data_writer);
    return code;
}
