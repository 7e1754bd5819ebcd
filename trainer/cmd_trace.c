/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer trace: describes, generates and converts traces. */
#include <trainer/commands.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/meant.h>
#include <common/trace_name.h>
#include <librog/trace/convert.h>
#include <librog/trace/stats.h>
#include <librog/trace/synth.h>
#include <librog/trace/source.h>
#include <librog/trace/trace.h>

#define FILE_MAX_BYTES ((size_t)256 << 20)

/* Prints four digits, but no exponent for thousands. */
static void print_rate(const char *before, double mbps)
{
    if (mbps >= 1000)
        printf("%s%.0f", before, mbps);
    else
        printf("%s%.4g", before, mbps);
}

static void print_text(const char *source, const struct rog_trace_stats *stats)
{
    printf("%s\n", source);
    printf("  time               %.6g s, %u value%s, %.0f%% of them shorter than 1 s\n",
           stats->span_s, stats->values, stats->values == 1 ? "" : "s", 100 * stats->hold_short);
    print_rate("  mean               ", stats->mean_mbps);
    print_rate(" Mbit/s, standard deviation ", stats->sd_mbps);
    print_rate(", from ", stats->min_mbps);
    print_rate(" to ", stats->max_mbps);
    printf("\n");
    printf("  percentiles       ");
    for (int i = 0; i < ROG_TRACE_PERCENTILES; i++) {
        printf(" %.0f%%", rog_trace_percentiles[i]);
        print_rate(": ", stats->percentile_mbps[i]);
    }
    printf("\n  share of the time  at 0: %.1f%%, below 1 Mbit/s: %.1f%%, below 5: %.1f%%\n",
           100 * stats->at_0, 100 * stats->below_1, 100 * stats->below_5);
    printf("  autocorrelation   ");
    int known = 0;
    for (int i = 0; i < ROG_TRACE_LAGS; i++) {
        if (isnan(stats->autocorrelation[i]))
            continue;
        printf(" %.0f s: %.2f", rog_trace_lags_s[i], stats->autocorrelation[i]);
        known++;
    }
    printf("%s\n", known ? "" : " unknown: the trace is too short or constant");
}

static struct rog_json *pairs(const double *keys, const double *values, int count)
{
    struct rog_json *object = rog_json_object();
    for (int i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%.0f", keys[i]);
        rog_json_put_number(object, key, values[i]);
    }
    return object;
}

static int print_json(const char *source, const struct rog_trace_stats *stats,
                      struct rog_error *err)
{
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "source", source);
    rog_json_put_number(object, "seconds", stats->span_s);
    rog_json_put_integer(object, "values", stats->values);
    rog_json_put_number(object, "held_below_1_s", stats->hold_short);
    rog_json_put_number(object, "mean_mbps", stats->mean_mbps);
    rog_json_put_number(object, "sd_mbps", stats->sd_mbps);
    rog_json_put_number(object, "min_mbps", stats->min_mbps);
    rog_json_put_number(object, "max_mbps", stats->max_mbps);
    rog_json_put(object, "percentiles_mbps",
                 pairs(rog_trace_percentiles, stats->percentile_mbps, ROG_TRACE_PERCENTILES));
    rog_json_put_number(object, "time_at_0", stats->at_0);
    rog_json_put_number(object, "time_below_1_mbps", stats->below_1);
    rog_json_put_number(object, "time_below_5_mbps", stats->below_5);
    rog_json_put(object, "autocorrelation",
                 pairs(rog_trace_lags_s, stats->autocorrelation, ROG_TRACE_LAGS));
    char *text = rog_json_text(object);
    rog_json_free(object);
    if (!text)
        return rog_fail_nomem(err);
    printf("%s\n", text);
    free(text);
    return ROG_OK;
}

/* Describes a link without a limit. */
static void print_unlimited(const char *source, bool json)
{
    if (json)
        printf("{\"source\":\"%s\",\"unlimited\":true}\n", source);
    else
        printf("%s\n"
               "  no limit: transmissions take only the latency; nothing is shaped\n",
               source);
}

static int info(const struct rog_cli *cli, struct rog_error *err)
{
    if (rog_cli_arg_count(cli) != 2)
        return rog_fail(err, ROG_EINVAL,
                        "trace info takes one source: a CSV file, synth:outdoors, "
                        "synth:indoors, constant:MBIT or unlimited");
    const char *source = rog_cli_arg(cli, 1);
    struct rog_trace *trace = NULL;
    struct rog_trace_stats stats;
    const struct rog_trace_source wanted = {
        .name = source,
        .rank = (uint32_t)rog_cli_int(cli, "rank"),
        .seed = (uint64_t)rog_cli_int(cli, "seed"),
        .block_s = rog_cli_real(cli, "blocks"),
    };
    if (wanted.block_s > 0 && rog_trace_kind(source, NULL) != ROG_TRACE_FILE)
        return rog_fail(err, ROG_EINVAL, "--blocks applies only to files (found \"%s\")", source);
    int code = rog_trace_open(&trace, &wanted, err);
    if (!code && !trace) {
        print_unlimited(source, rog_cli_flag(cli, "json"));
        return ROG_OK;
    }
    if (!code)
        code = rog_trace_stats(trace, rog_cli_real(cli, "seconds"), &stats, err);
    if (!code && rog_cli_flag(cli, "json"))
        code = print_json(source, &stats, err);
    else if (!code)
        print_text(source, &stats);
    rog_trace_free(trace);
    return code;
}

/* Writes the trace of one rank to FILE, with the rank in its name. */
static int synth_one(const struct rog_cli *cli, const char *name, uint32_t rank,
                     struct rog_error *err)
{
    struct rog_trace *trace = NULL;
    char *path = rog_path_of_rank(rog_cli_arg(cli, 2), rank);
    int code = path ? rog_trace_synth(&trace, name, rank, (uint64_t)rog_cli_int(cli, "seed"), err)
                    : rog_fail_nomem(err);
    if (!code)
        code = rog_trace_write(trace, path, err);
    if (!code)
        printf("%s\n", path);
    rog_trace_free(trace);
    free(path);
    return code;
}

#define NO_RANK "with --workers the file's name must have {rank} in it"

static int synth(const struct rog_cli *cli, struct rog_error *err)
{
    if (rog_cli_arg_count(cli) != 3)
        return rog_fail(err, ROG_EINVAL,
                        "trace synth takes a condition (outdoors or indoors) and a file to write");
    const char *name = rog_cli_arg(cli, 1);
    static const char prefix[] = "synth:";
    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        name += sizeof prefix - 1;
    if (!rog_cli_given(cli, "workers"))
        return synth_one(cli, name, (uint32_t)rog_cli_int(cli, "rank"), err);
    if (!strstr(rog_cli_arg(cli, 2), ROG_RANK_MARK))
        return rog_fail(err, ROG_EINVAL, NO_RANK);
    int code = ROG_OK;
    for (uint32_t rank = 1; rank <= (uint32_t)rog_cli_int(cli, "workers") && !code; rank++)
        code = synth_one(cli, name, rank, err);
    return code;
}

/* Options that only some formats accept. */
static const struct {
    const char *option, *formats[2];
} of_formats[] = {
    {"time", {"table"}},
    {"time-unit", {"table"}},
    {"period", {"table"}},
    {"rate", {"table"}},
    {"rate-unit", {"table"}},
    {"rank", {"recording", "probe"}},
    {"workers", {"recording", "probe"}},
    {"direction", {"iperf3", "probe"}},
};

static bool is_of_format(size_t index, const char *format)
{
    const char *const *known = of_formats[index].formats;
    return strcmp(known[0], format) == 0 || (known[1] && strcmp(known[1], format) == 0);
}

/* Returns whether files of this format are of several workers. */
static bool has_ranks(const char *format)
{
    for (size_t i = 0; i < sizeof of_formats / sizeof *of_formats; i++)
        if (strcmp(of_formats[i].option, "rank") == 0)
            return is_of_format(i, format);
    return false;
}

/* Fills in the description of the file from the options. */
static int conversion(const struct rog_cli *cli, struct rog_trace_conversion *how,
                      struct rog_error *err)
{
    how->format = rog_cli_string(cli, "from");
    for (size_t i = 0; i < sizeof of_formats / sizeof *of_formats; i++)
        if (rog_cli_given(cli, of_formats[i].option) && !is_of_format(i, how->format))
            return rog_fail(err, ROG_EINVAL, "--%s applies only to --from %s%s%s",
                            of_formats[i].option, of_formats[i].formats[0],
                            of_formats[i].formats[1] ? " or " : "",
                            of_formats[i].formats[1] ? of_formats[i].formats[1] : "");
    bool has_rank = strstr(rog_cli_arg(cli, 2), ROG_RANK_MARK);
    if (rog_cli_given(cli, "workers") && !has_rank)
        return rog_fail(err, ROG_EINVAL, NO_RANK);
    how->rank = rog_cli_given(cli, "rank") ? (uint32_t)rog_cli_int(cli, "rank") : 0;
    if (has_ranks(how->format) && has_rank && !how->rank && !rog_cli_given(cli, "workers"))
        return rog_fail(err, ROG_EINVAL, "%s in the file's name needs --rank or --workers",
                        ROG_RANK_MARK);
    how->direction = rog_cli_string(cli, "direction");
    how->columns = (struct rog_trace_columns){.time = rog_cli_string(cli, "time"),
                                              .time_unit = rog_cli_string(cli, "time-unit"),
                                              .rate = rog_cli_string(cli, "rate"),
                                              .rate_unit = rog_cli_string(cli, "rate-unit"),
                                              .period_s = rog_cli_real(cli, "period")};
    return ROG_OK;
}

/* Converts the part of the text that belongs to one rank. */
static int convert_one(const struct rog_cli *cli, struct rog_trace_conversion *how,
                       const char *text, size_t size, struct rog_error *err)
{
    struct rog_trace *trace = NULL;
    const char *to = rog_cli_arg(cli, 2);
    char *path = how->rank ? rog_path_of_rank(to, how->rank) : rog_strdup(to);
    int code = path ? rog_trace_convert(&trace, how, text, size, rog_cli_arg(cli, 1), err)
                    : rog_fail_nomem(err);
    if (!code) {
        rog_trace_scale(trace, rog_cli_real(cli, "scale"));
        code = rog_trace_write(trace, path, err);
    }
    if (!code)
        printf("%s\n", path);
    rog_trace_free(trace);
    free(path);
    return code;
}

/* Reports changed rows, which are the same for all ranks. */
static void say_rows(const struct rog_trace_row_counts *rows)
{
    if (rows->sorted)
        fprintf(stderr, "rog-trainer: %u row%s out of order and %s sorted by time\n", rows->sorted,
                rows->sorted == 1 ? " was" : "s were",
                rows->sorted == 1 ? "has been" : "have been");
    if (rows->merged)
        fprintf(stderr,
                "rog-trainer: %u row%s merged with an earlier row of the same time (rates: mean; "
                "bytes: sum)\n",
                rows->merged, rows->merged == 1 ? " was" : "s were");
}

static int convert(const struct rog_cli *cli, struct rog_error *err)
{
    if (rog_cli_arg_count(cli) != 3)
        return rog_fail(err, ROG_EINVAL,
                        "trace convert needs two files, the one to read and the one to write; "
                        "usage: rog-trainer trace convert FROM TO [options]");
    char *text = NULL;
    size_t size = 0;
    struct rog_trace_conversion how = {0};
    int code = conversion(cli, &how, err);
    if (!code)
        code = rog_file_read(rog_cli_arg(cli, 1), FILE_MAX_BYTES, &text, &size, err);
    uint32_t last =
        rog_cli_given(cli, "workers") ? (uint32_t)rog_cli_int(cli, "workers") : how.rank;
    how.rank = rog_cli_given(cli, "workers") ? 1 : how.rank;
    for (; how.rank <= last && !code; how.rank++)
        code = convert_one(cli, &how, text, size, err);
    if (!code)
        say_rows(&how.rows);
    free(text);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "rank",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .min = 1,
     .max = 65536,
     .help = "the worker's rank, for synth: sources, {rank} in file names, and convert --from "
             "recording or probe"},
    {.name = "workers",
     .type = ROG_SETTING_INT,
     .min = 1,
     .max = 65536,
     .help = "synth, convert --from recording or probe: write a file for each rank from 1 to this"},
    {.name = "seed",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .max = 9007199254740991.0,
     .help = "info, synth: seed of generated traces and of --blocks"},
    {.name = "blocks",
     .type = ROG_SETTING_REAL,
     .fallback = "0",
     .max = 1e6,
     .unit = "s",
     .help = "info: describe the file as resampled by trace_blocks; 0: the file itself"},
    {.name = "seconds",
     .type = ROG_SETTING_REAL,
     .fallback = "0",
     .max = 1e9,
     .unit = "s",
     .help = "info: describe this length of it, repeated if it is shorter; 0: its own length"},
    {.name = "from",
     .type = ROG_SETTING_STRING,
     .fallback = "replay",
     .choices = ROG_TRACE_FORMATS,
     .help = "convert: format of the file"},
    {.name = "time",
     .type = ROG_SETTING_STRING,
     .help = "convert --from table: time column, its name or its number from 1"},
    {.name = "time-unit",
     .type = ROG_SETTING_STRING,
     .choices = ROG_TRACE_TIME_UNITS,
     .help = "convert --from table: unit of the times, from any starting point (Unix time is s or "
             "ms); date: YYYY-MM-DD hh:mm:ss"},
    {.name = "period",
     .type = ROG_SETTING_REAL,
     .min = 1e-4,
     .max = 1e6,
     .unit = "s",
     .help = "convert --from table: time between rows, if no column has the time"},
    {.name = "rate",
     .type = ROG_SETTING_STRING,
     .help = "convert --from table: rate column, its name or its number from 1"},
    {.name = "rate-unit",
     .type = ROG_SETTING_STRING,
     .choices = ROG_TRACE_RATE_UNITS,
     .help = "convert --from table: unit of the rates, k is 1000; bytes: byte count since the row "
             "before"},
    {.name = "direction",
     .type = ROG_SETTING_STRING,
     .choices = ROG_TRACE_DIRECTIONS,
     .help = "convert --from iperf3 or probe: direction; both: the harmonic mean; default: both, "
             "or the one that iperf3 measured"},
    {.name = "scale",
     .type = ROG_SETTING_REAL,
     .fallback = "1",
     .min = 1e-6,
     .max = 1e6,
     .help = "convert: factor for every rate"},
    {.name = "json", .type = ROG_SETTING_FLAG, .help = "info: print the result as JSON"},
    {.name = NULL},
};

struct action {
    const char *name;
    int (*run)(const struct rog_cli *cli, struct rog_error *err);
    const char *options[12]; /* options that it accepts, terminated by NULL */
};

static const struct action actions[] = {
    {"info", info, {"rank", "seed", "seconds", "blocks", "json"}},
    {"synth", synth, {"rank", "seed", "workers"}},
    {"convert",
     convert,
     {"from", "time", "time-unit", "period", "rate", "rate-unit", "scale", "rank", "workers",
      "direction"}},
};

static bool takes(const struct action *action, const char *option)
{
    for (const char *const *name = action->options; *name; name++)
        if (strcmp(*name, option) == 0)
            return true;
    return false;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES];
    const char *name = rog_cli_arg(cli, 0);
    const struct action *action = NULL;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0)
            action = &actions[i];
    if (!action)
        return rog_fail(err, ROG_EINVAL,
                        "trace must be followed by info, synth or convert (found %s)%s", name,
                        rog_meant_choice(name, "info|synth|convert", meant));
    for (const struct rog_setting *option = options; option->name; option++)
        if (rog_cli_given(cli, option->name) && !takes(action, option->name))
            return rog_fail(
                err, ROG_EINVAL,
                "trace %s has no option --%s; `rog-trainer help trace` lists the options of each",
                name, option->name);
    return action->run(cli, err);
}

const struct rog_command rog_cmd_trace = {
    .name = "trace",
    .usage = "info SOURCE | synth outdoors|indoors FILE | convert FROM TO  [options]",
    .summary = "Describe, generate and convert bandwidth traces",
    .details =
        "info: time-weighted statistics of a CSV file, synth:outdoors, synth:indoors,\n"
        "constant:MBIT or unlimited. synth: writes the trace of synth:CONDITION for a seed and "
        "rank.\n"
        "convert: writes a CSV trace from a CSV trace, a log or a recording of the published\n"
        "replay tool, a mahimahi packet trace, iperf3's JSON, the samples of `rogctl trace "
        "record`, or with\n"
        "--from table any table: --time COLUMN --time-unit UNIT --rate COLUMN --rate-unit UNIT "
        "name\n"
        "its columns and units.",
    .options = options,
    .min_args = 1,
    .max_args = 3,
    .run = run,
};
