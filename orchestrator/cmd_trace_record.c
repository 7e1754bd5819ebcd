/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl trace record: records bandwidth traces of a cluster's own links. */
#include <orchestrator/commands.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/probe_options.h>
#include <common/file.h>
#include <common/process.h>
#include <common/trace_name.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/survey/record.h>
#include <orchestrator/ssh/credentials.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/prompt.h>

#define SAY_S 10.0 /* seconds between lines of progress */
#define CONVERT_S 60.0

struct watching {
    struct rog_output output;
    struct rog_signals signals;
    double said_s; /* seconds into the recording at the last line */
    bool warned;   /* the user has been warned that nothing arrives */
};

static bool stopped(void *user)
{
    const struct watching *watching = user;
    return rog_signals_came(&watching->signals);
}

static void remark(const char *text, void *user)
{
    const struct watching *watching = user;
    rog_warn(&watching->output, "%s", text);
}

/* Warns if no worker at all is heard from: that is more often due to a firewall than to robots out
 * of range. */
static void warn_of_silence(struct watching *watching, const struct rog_samples *samples)
{
    for (size_t i = 0; i < samples->workers; i++)
        if (samples->link[i].down < samples->link[i].looks)
            return;
    if (!watching->warned)
        rog_warn(&watching->output, "no worker has been heard from yet; hint: allow UDP on the "
                                    "server's training port (sudo ufw allow PORT/udp)");
    watching->warned = true;
}

/* "at 35 s: 42.1/38.0  0/0 Mbit/s up/down" */
static void told(const struct rog_samples *samples, void *user)
{
    struct watching *watching = user;
    char line[1024] = "";
    if (samples->seconds < watching->said_s + SAY_S)
        return;
    watching->said_s = samples->seconds;
    warn_of_silence(watching, samples);
    for (size_t i = 0, used = 0; i < samples->workers && used + 32 < sizeof line; i++) {
        const double *last = samples->link[i].last;
        if (isnan(last[0]) || isnan(last[1]))
            used += (size_t)snprintf(line + used, sizeof line - used, "  -");
        else
            used += (size_t)snprintf(line + used, sizeof line - used, "  %.*f/%.*f",
                                     last[0] < 10 ? 2 : 0, last[0], last[1] < 10 ? 2 : 0, last[1]);
    }
    rog_remark(&watching->output, "at %.0f s:%s Mbit/s up/down", samples->seconds, line);
}

/* ---- converting measurements to traces ---- */

static const struct {
    const char *direction, *mark; /* in the file's name, after the rank */
} files[] = {{"both", ""}, {"up", "-up"}, {"down", "-down"}};
#define FILES (sizeof files / sizeof *files)

static int convert(const char *trainer, const char *path, const char *to, size_t rank, size_t kind,
                   struct rog_error *err)
{
    char number[24];
    char *trace = rog_format("%s-%zu%s.csv", to, rank, files[kind].mark);
    snprintf(number, sizeof number, "%zu", rank);
    const char *const argv[] = {trainer,  "trace",       "convert",
                                "--from", "probe",       "--rank",
                                number,   "--direction", files[kind].direction,
                                path,     trace,         NULL};
    int code = trace ? rog_process_run(argv, CONVERT_S, NULL, err) : rog_fail_nomem(err);
    free(trace);
    return code;
}

/* Returns whether the link has data for a trace. */
static bool has_brought(const struct rog_samples_link *link)
{
    return link->sum[ROG_SAMPLES_UP] > 0 && link->sum[ROG_SAMPLES_DOWN] > 0;
}

/* Converts all links. A link without data gives no trace; if none has data, the recording has
 * failed. */
static int convert_all(const struct watching *watching, const char *trainer, const char *path,
                       const char *to, const struct rog_samples *samples, struct rog_error *err)
{
    size_t made = 0;
    int code = ROG_OK;
    for (size_t i = 0; i < samples->workers && !code; i++) {
        if (!has_brought(&samples->link[i])) {
            rog_warn(&watching->output,
                     "worker %zu has no trace: no sample arrived in both directions", i + 1);
            continue;
        }
        for (size_t kind = 0; kind < FILES && !code; kind++)
            code = convert(trainer, path, to, i + 1, kind, err);
        made += !code;
    }
    if (!code && !made)
        code = rog_fail(err, ROG_EFAILED,
                        "nothing was received over any worker's link; the samples are in %s", path);
    return code;
}

/* ---- the result ---- */

static int print_json(const struct rog_samples *samples, const char *path, const char *to,
                      struct rog_error *err)
{
    struct rog_json *result = rog_json_object(), *links = rog_json_array();
    rog_json_put_string(result, "samples", path);
    rog_json_put_number(result, "seconds", samples->seconds);
    rog_json_put_number(result, "probe_bytes", samples->bytes);
    rog_json_put_number(result, "probe_s", samples->busy_s);
    for (size_t i = 0; i < samples->workers; i++) {
        const struct rog_samples_link *link = &samples->link[i];
        struct rog_json *row = rog_json_object();
        char *trace = has_brought(link) ? rog_format("%s-%zu.csv", to, i + 1) : NULL;
        rog_json_put_integer(row, "rank", (int64_t)i + 1);
        rog_json_put_string(row, "trace", trace);
        rog_json_put_integer(row, "looks", (int64_t)link->looks);
        rog_json_put_integer(row, "down", (int64_t)link->down);
        rog_json_put_number(row, "up_mbps", rog_samples_mean(link, ROG_SAMPLES_UP));
        rog_json_put_number(row, "down_mbps", rog_samples_mean(link, ROG_SAMPLES_DOWN));
        rog_json_append(links, row);
        free(trace);
    }
    rog_json_put(result, "workers", links);
    return rog_print_json(result, err);
}

static int print_text(const struct rog_samples *samples, const struct rog_cluster *cluster,
                      const char *to, struct rog_error *err)
{
    struct rog_table *table =
        rog_table_new("worker|?3host|>?1samples|>?2of them down|>up Mbit/s|>down Mbit/s|trace");
    for (size_t i = 0; i < samples->workers; i++) {
        const struct rog_samples_link *link = &samples->link[i];
        rog_table_cell(table, "%zu", i + 1);
        rog_table_cell(table, "%s",
                       rog_json_get_string(rog_json_at(cluster->workers, i), "host", ""));
        rog_table_cell(table, "%llu", (unsigned long long)link->looks);
        rog_table_cell(table, "%llu", (unsigned long long)link->down);
        rog_table_number(table, rog_samples_mean(link, ROG_SAMPLES_UP), 2);
        rog_table_number(table, rog_samples_mean(link, ROG_SAMPLES_DOWN), 2);
        if (has_brought(link))
            rog_table_cell(table, "%s-%zu.csv", to, i + 1);
        else
            rog_table_cell(table, "-");
    }
    int code = rog_table_print(table, err);
    if (!code)
        rog_print("%.0f s; the probe sent for %.1f%% of the time, %.2f MB in total (%.3f Mbit/s)",
                  samples->seconds, 100 * samples->busy_s / fmax(samples->seconds, 1e-3),
                  1e-6 * samples->bytes, 8e-6 * samples->bytes / fmax(samples->seconds, 1e-3));
    if (!code)
        rog_print("in an experiment or cluster file: trace = \"%s-" ROG_RANK_MARK ".csv\";", to);
    return code;
}

/* ---- the command ---- */

static int record(const struct rog_cli *cli, const struct rog_cluster *cluster, const char *trainer,
                  struct watching *watching, struct rog_credentials *people, struct rog_error *err)
{
    const char *to = rog_cli_string(cli, "to");
    char *path = rog_format("%s.samples.csv", to);
    const struct rog_survey_options where = {.cluster = cluster,
                                             .credentials = people,
                                             .trainer = trainer,
                                             .what = "trace",
                                             .stopped = stopped,
                                             .user = watching};
    const struct rog_record_options how = {.path = path,
                                           .seconds = rog_cli_real(cli, "seconds"),
                                           .period_s = rog_cli_real(cli, "period"),
                                           .load = rog_cli_real(cli, "load"),
                                           .train_ms = rog_cli_real(cli, "train"),
                                           .told = told,
                                           .remark = remark,
                                           .user = watching};
    struct rog_survey_hosts hosts;
    struct rog_samples samples = {0};
    size_t workers = rog_json_size(cluster->workers);
    int code = path ? rog_survey_open(&hosts, &where, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_samples_init(&samples, workers, err);
    if (!code)
        code = rog_record_links(&hosts, &how, &samples, err);
    if (!code)
        code = convert_all(watching, trainer, path, to, &samples, err);
    if (!code)
        code = rog_cli_flag(cli, "json") ? print_json(&samples, path, to, err)
                                         : print_text(&samples, cluster, to, err);
    if (path)
        rog_survey_close(&hosts);
    rog_samples_release(&samples);
    free(path);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct watching watching = {.output = rog_output_of(cli)};
    struct rog_cluster *cluster = NULL;
    struct rog_credentials *people = NULL;
    if (!rog_cli_given(cli, "cluster"))
        return rog_fail(err, ROG_EINVAL, "trace record needs --cluster FILE");
    char *trainer = rog_fleet_trainer_path(err);
    int code = trainer ? rog_command_cluster(cli, &cluster, err) : ROG_EFAILED;
    if (!code)
        code = rog_credentials_new(&people, rog_prompt, NULL, err);
    if (!code)
        code = rog_signals_init(&watching.signals, err);
    if (!code) {
        code = record(cli, cluster, trainer, &watching, people, err);
        /* Takes signals that have already been acted upon. */
        (void)rog_signals_wait(&watching.signals, 0);
        rog_signals_release(&watching.signals);
    }
    rog_credentials_free(people);
    rog_cluster_free(cluster);
    free(trainer);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "cluster", .type = ROG_SETTING_STRING, .help = "cluster file of the hosts"},
    {.name = "to",
     .type = ROG_SETTING_STRING,
     .fallback = "trace",
     .help = "prefix of the file names: TO-1.csv, TO-1-up.csv, TO-1-down.csv and so on, and "
             "TO.samples.csv with all samples"},
    {ROG_PROBE_SECONDS, .help = "duration; 0: until Ctrl-C"},
    {ROG_PROBE_PERIOD, .help = "minimum time between two samples of all links"},
    {ROG_PROBE_LOAD, .help = "maximum share of the time spent sampling, all links together"},
    {ROG_PROBE_TRAIN, .help = "time that each end sends per sample"},
    {.name = NULL},
};

const struct rog_command rog_cmd_trace_record = {
    .name = "trace record",
    .usage = "--cluster FILE [--to NAME] [--seconds S]",
    .summary = "Record the bandwidth of a cluster's worker links while robots drive",
    .details = "Sends short trains of UDP datagrams between the server and one worker after "
               "another, up and down;\n"
               "UDP must be allowed on the server's training port. Each worker is measured while "
               "the others are\n"
               "silent. TO-K.csv has the harmonic mean of both directions, with which an exchange "
               "takes as\n"
               "long as over both. Ctrl-C ends the recording and keeps it.",
    .options = options,
    .run = run,
    .outlives_reader = true,
};
