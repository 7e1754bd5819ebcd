/* SPDX-License-Identifier: Apache-2.0 */
/* Options and messages of commands that draw. */
#include <orchestrator/figure_command.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/commands.h>
#include <orchestrator/figures/gnuplot.h>
#include <orchestrator/terminal/preview.h>

static void drawn(void *user, const char *path)
{
    struct rog_figure_command *command = user;
    rog_json_append(command->files, rog_json_new_string(path));
}

static void log_line(void *user, const char *text)
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
                    .size = rog_cli_string(cli, "size"),
                    .font = rog_cli_string(cli, "font"),
                    .drawn = drawn,
                    .log = log_line,
                    .user = command},
    };
    return rog_command_db(cli, ROG_DB_READ, &command->db, err);
}

/* Opens each picture, in the first format that was drawn, with the desktop's default program. */
static int open_on_desktop(const struct rog_figure_command *command, struct rog_error *err)
{
    const char *first = rog_json_string(rog_json_at(command->files, 0), "");
    const char *format = strrchr(first, '.');
    int code = 0;
    for (size_t i = 0; i < rog_json_size(command->files) && code == 0; i++) {
        const char *path = rog_json_string(rog_json_at(command->files, i), "");
        const char *dot = strrchr(path, '.');
        if (dot && format && strcmp(dot, format) == 0)
            code = rog_open_with_desktop(path, NULL, NULL, err);
    }
    return code;
}

static int show_in_terminal(const struct rog_figure_command *command, size_t *shown,
                            struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; i < rog_json_size(command->files) && code == 0; i++) {
        const char *path = rog_json_string(rog_json_at(command->files, i), "");
        const char *dot = strrchr(path, '.');
        if (!dot || strcmp(dot, ".png") != 0)
            continue;
        code = rog_preview_show(path, err);
        (*shown)++;
    }
    return code;
}

static bool has_desktop(void)
{
    const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    return (x && x[0]) || (wayland && wayland[0]);
}

/* Shows the pictures. They have been drawn already, so that a failure is only a remark with their
 * paths. */
static void show_pictures(const struct rog_figure_command *command)
{
    struct rog_error err = {0};
    size_t shown = 0;
    bool opened = has_desktop() && open_on_desktop(command, &err) == 0;
    bool terminal = !command->output.json && rog_preview_has_terminal();
    int code = terminal ? show_in_terminal(command, &shown, &err) : 0;
    if (opened || (shown && !code))
        return;
    if (err.message[0])
        rog_warn(&command->output, "the figures are in %s, but cannot be shown: %s",
                 command->options.plots, err.message);
    else if (terminal)
        rog_warn(&command->output,
                 "the figures are in %s; hint: terminals can show PNG (--format pdf,png)",
                 command->options.plots);
    else
        rog_warn(&command->output,
                 "the figures are in %s, but cannot be shown here: no desktop (neither DISPLAY nor "
                 "WAYLAND_DISPLAY is set), and standard output is not a terminal",
                 command->options.plots);
}

int rog_figure_command_end(struct rog_figure_command *command, int code, struct rog_error *err)
{
    if (code == 0 && !command->output.json)
        for (size_t i = 0; i < rog_json_size(command->files); i++)
            rog_print("%s", rog_json_string(rog_json_at(command->files, i), ""));
    if (code == 0 && command->open) {
        fflush(stdout);
        show_pictures(command);
    }
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
