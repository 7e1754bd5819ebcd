/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/figure_command.h>

#include <string.h>

#include <orchestrator/commands.h>
#include <orchestrator/figures/gnuplot.h>

static void drawn(void *user, const char *path)
{
    struct rog_figure_command *command = user;
    rog_json_append(command->files, rog_json_new_string(path));
}

static void note(void *user, const char *text)
{
    struct rog_figure_command *command = user;
    rog_json_append(command->notes, rog_json_new_string(text));
    rog_remark(&command->output, "%s", text);
}

int rog_figure_command_begin(struct rog_figure_command *command, const struct rog_cli *cli,
                             struct rog_error *err)
{
    *command = (struct rog_figure_command){
        .output = rog_output_of(cli),
        .files = rog_json_array(),
        .notes = rog_json_array(),
        .open = rog_cli_flag(cli, "open"),
        .options = {.plots = rog_cli_string(cli, "plots"),
                    .formats = rog_cli_string(cli, "format"),
                    .drawn = drawn,
                    .note = note,
                    .user = command},
    };
    return rog_command_db(cli, ROG_DB_READ, &command->db, err);
}

/* Of each picture the first format that was asked for. */
static int open_pictures(const struct rog_figure_command *command, struct rog_error *err)
{
    const char *format = command->options.formats;
    size_t letters = strcspn(format, ", ");
    int code = 0;
    for (size_t i = 0; i < rog_json_size(command->files) && code == 0; i++) {
        const char *path = rog_json_string(rog_json_at(command->files, i), "");
        const char *dot = strrchr(path, '.');
        if (dot && strncmp(dot + 1, format, letters) == 0)
            code = rog_open_with_desktop(path, err);
    }
    return code;
}

int rog_figure_command_end(struct rog_figure_command *command, int code, struct rog_error *err)
{
    if (code == 0 && !command->output.json)
        for (size_t i = 0; i < rog_json_size(command->files); i++)
            rog_print("%s", rog_json_string(rog_json_at(command->files, i), ""));
    if (code == 0 && command->open)
        code = open_pictures(command, err);
    if (code == 0 && command->output.json) {
        struct rog_json *result = rog_json_object();
        rog_json_put(result, "files", command->files);
        rog_json_put(result, "notes", command->notes);
        command->files = command->notes = NULL;
        code = rog_print_json(result, err);
    }
    rog_json_free(command->files);
    rog_json_free(command->notes);
    rog_db_close(command->db);
    return code;
}
