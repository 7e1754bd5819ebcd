/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_FIGURE_COMMAND_H
#define ROG_ORCHESTRATOR_FIGURE_COMMAND_H

/* Shared by commands that draw: --format, --size, --font, --open, and reporting what was drawn. */

#include <common/cli.h>
#include <orchestrator/conf/look.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/terminal/output.h>

#define ROG_FIGURE_OPTIONS                                                                  \
    ROG_LOOK_SETTINGS,                                                                      \
    {                                                                                       \
        .name = "open", .type = ROG_SETTING_FLAG, .help = "show the pictures after drawing" \
    }

struct rog_figure_command {
    struct rog_db *db;
    struct rog_output output;
    struct rog_figures_options options; /* with this struct as `user` */
    struct rog_json *files;             /* paths drawn */
    struct rog_json *notes;             /* messages about what was left out */
    bool open;
};

/* Opens the database. The command must be ended, also after an error. */
int rog_figure_command_begin(struct rog_figure_command *command, const struct rog_cli *cli,
                             struct rog_error *err);
/* Prints the result unless `code` is an error, opens the pictures, frees. Returns the first
 * error. */
int rog_figure_command_end(struct rog_figure_command *command, int code, struct rog_error *err);

#endif
