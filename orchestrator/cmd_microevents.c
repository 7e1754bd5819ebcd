/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl microevents: draws what one worker did, second by second. */
#include <orchestrator/commands.h>

#include <orchestrator/figure_command.h>

static const struct rog_setting options[] = {
    {.name = "span",
     .type = ROG_SETTING_REAL,
     .fallback = "300",
     .min = 0.001,
     .max = 1e9,
     .unit = "s",
     .help = "time span to show"},
    {.name = "rows",
     .type = ROG_SETTING_FLAG,
     .help = "also draw the share of each layer's rows that was sent"},
    ROG_FIGURE_OPTIONS,
    {.name = "as-published",
     .type = ROG_SETTING_FLAG,
     .help =
         "for a run of ROG: draw as the published script does, to separate files ...-as-published"},
    {.name = NULL},
};

/* Positional arguments, checked as if they were options. */
static const struct rog_setting rank_setting = {
    .name = "RANK", .type = ROG_SETTING_INT, .min = 0, .max = 1000000, .help = "rank of a worker"};
static const struct rog_setting start_setting = {.name = "START",
                                                 .type = ROG_SETTING_REAL,
                                                 .min = 0,
                                                 .max = 1e9,
                                                 .unit = "s",
                                                 .help = "start of the time span"};

static int number_of(const struct rog_setting *setting, const char *text, double *number,
                     struct rog_error *err)
{
    struct rog_json *value = NULL;
    int code = rog_setting_parse(setting, text, &value, err);
    *number = code == 0 ? rog_json_number(value, 0) : 0;
    rog_json_free(value);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_figure_command command;
    double rank = 0, start_s = 0;
    int code = number_of(&rank_setting, rog_cli_arg(cli, 1), &rank, err);
    if (code == 0)
        code = number_of(&start_setting, rog_cli_arg(cli, 2), &start_s, err);
    if (code == 0 && rog_cli_flag(cli, "as-published") && rog_cli_flag(cli, "rows"))
        code = rog_fail(err, ROG_EINVAL,
                        "--as-published and --rows: the published script draws no shares of "
                        "layers; give only one of them");
    if (code < 0)
        return code;
    code = rog_figure_command_begin(&command, cli, err);
    command.options.as_published = rog_cli_flag(cli, "as-published");
    if (code == 0)
        code = rog_figures_draw_microevents(command.db, rog_cli_arg(cli, 0), (int64_t)rank, start_s,
                                            rog_cli_real(cli, "span"), rog_cli_flag(cli, "rows"),
                                            &command.options, err);
    return rog_figure_command_end(&command, code, err);
}

const struct rog_command rog_cmd_microevents = {
    .name = "microevents",
    .usage = "RUN RANK START [options]",
    .summary = "Draw the activity of one worker, second by second",
    .details = "Shows the bandwidth of the worker's link, the share of rows in each push and pull, "
               "and how many iterations it was behind the fastest worker, from START seconds on "
               "(figure 8). RUN may be any unambiguous prefix of the run's name.",
    .options = options,
    .min_args = 3,
    .max_args = 3,
    .run = run,
};
