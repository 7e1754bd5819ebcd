/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/figure_command.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/commands.h>
#include <orchestrator/figures/gnuplot.h>
#include <orchestrator/preview.h>

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

/* Of each picture the first format that was asked for, by the desktop's program. */
static int open_on_desktop(const struct rog_figure_command *command, struct rog_error *err)
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

/* Each picture once, in the terminal; without its own PNG where it shows sixels. */
static int show_in_terminal(const struct rog_figure_command *command, int fd, enum rog_preview how,
                            size_t *shown, struct rog_error *err)
{
    char *last = NULL;
    int code = 0;
    for (size_t i = 0; i < rog_json_size(command->files) && code == 0; i++) {
        const char *path = rog_json_string(rog_json_at(command->files, i), "");
        const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
        const char *name = slash ? slash + 1 : path;
        char *folder = rog_path_dir(path);
        char *stem = dot ? strndup(name, (size_t)(dot - name)) : NULL;
        bool wanted = how == ROG_PREVIEW_SIXEL ? !last || !stem || strcmp(last, stem) != 0
                                               : dot && strcmp(dot, ".png") == 0;
        if (!folder || !stem)
            code = rog_fail_nomem(err);
        else if (wanted) {
            code = rog_preview_show(fd, how, folder, stem, err);
            (*shown)++;
        }
        free(folder);
        free(last);
        last = stem;
    }
    free(last);
    return code;
}

static bool has_desktop(void)
{
    const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    return (x && x[0]) || (wayland && wayland[0]);
}

/* Figures are drawn by then: where they cannot be shown, a remark says so and where they are. */
static void show_pictures(const struct rog_figure_command *command)
{
    struct rog_error err = {0};
    size_t shown = 0;
    bool opened = has_desktop() && open_on_desktop(command, &err) == 0;
    int fd = !command->output.json && isatty(STDOUT_FILENO)
                 ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
                 : -1;
    enum rog_preview how = fd >= 0 ? rog_preview_ask(fd) : ROG_PREVIEW_NONE;
    int code = show_in_terminal(command, fd, how, &shown, &err);
    if (fd >= 0)
        close(fd);
    if (opened || (shown && !code))
        return;
    if (err.message[0])
        rog_warn(&command->output, "the figures are in %s, but cannot be shown: %s",
                 command->options.plots, err.message);
    else if (how != ROG_PREVIEW_NONE)
        rog_warn(&command->output,
                 "the figures are in %s; this terminal can show PNG (--format pdf,png)",
                 command->options.plots);
    else
        rog_warn(&command->output,
                 "the figures are in %s, but cannot be shown here: there is no desktop (neither "
                 "DISPLAY nor WAYLAND_DISPLAY is set), and this terminal shows no pictures",
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
