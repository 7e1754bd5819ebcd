/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl redraw: draws the figures of a recorded case. */
#include <orchestrator/commands.h>

#include <string.h>

#include <orchestrator/curve_options.h>
#include <orchestrator/figure_command.h>

static const struct rog_setting options[] = {
    ROG_FIGURE_OPTIONS,
    {.name = "axes",
     .type = ROG_SETTING_STRING,
     .choices = "all|published",
     .help =
         "range of the axes; all: all data (the default); published: as in the published figures"},
    ROG_CURVE_OPTIONS,
    {.name = "points",
     .type = ROG_SETTING_FLAG,
     .help = "draw the measured points behind the curves"},
    {.name = "as-published",
     .type = ROG_SETTING_FLAG,
     .help = "compute bars, energy, smoothing and axes as the published scripts do; to separate "
             "files CASE-PANEL-as-published"},
    {.name = NULL},
};

static enum rog_axis_ends ends_of(const struct rog_cli *cli)
{
    if (!rog_cli_given(cli, "axes"))
        return rog_cli_flag(cli, "as-published") ? ROG_ENDS_SCRIPTS : ROG_ENDS_DATA;
    return strcmp(rog_cli_string(cli, "axes"), "published") == 0 ? ROG_ENDS_FIGURES : ROG_ENDS_DATA;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_figure_command command;
    int code = rog_figure_command_begin(&command, cli, err);
    struct rog_json *curves = rog_curve_options(cli);
    if (code == 0 && !curves)
        code = rog_fail_nomem(err);
    command.options.as_published = rog_cli_flag(cli, "as-published");
    command.options.ends = ends_of(cli);
    command.options.curves = curves;
    if (code == 0)
        code = rog_figures_draw_case(command.db, rog_cli_arg(cli, 0), &command.options, err);
    rog_json_free(curves);
    return rog_figure_command_end(&command, code, err);
}

const struct rog_command rog_cmd_redraw = {
    .name = "redraw",
    .usage = "CASE [options]",
    .summary = "Draw the figures of a recorded case",
    .details =
        "Draws only from the database and does not change it. The gnuplot script and data of each "
        "picture are written beside it; `gnuplot NAME.gp` in that folder redraws an edited script. "
        "Without options, the settings of the case for look and smoothing apply.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
