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
     .fallback = "all",
     .choices = "all|published",
     .help = "all: long enough for all data; published: they end where the published figures' do"},
    ROG_CURVE_OPTIONS,
    {.name = "points",
     .type = ROG_SETTING_FLAG,
     .help = "show the measured points behind the curves"},
    {.name = "as-published",
     .type = ROG_SETTING_FLAG,
     .help = "as the published scripts draw: their smoothing, axes, and bars of host rank 3"},
    {.name = NULL},
};

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_figure_command command;
    int code = rog_figure_command_begin(&command, cli, err);
    bool published = rog_cli_flag(cli, "as-published");
    struct rog_json *curves = rog_curve_options(cli, published);
    if (code == 0 && !curves)
        code = rog_fail_nomem(err);
    command.options.published_axes =
        published || strcmp(rog_cli_string(cli, "axes"), "published") == 0;
    command.options.published_bars = published;
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
    .details = "Draws from the database alone and changes nothing in it. Beside each picture stand "
               "its gnuplot script and its data; `gnuplot NAME.gp` in the folder of figures draws "
               "an edited script again. Where no option says how figures look and curves are "
               "smoothed, the case does.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
