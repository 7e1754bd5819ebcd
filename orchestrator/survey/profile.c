/* SPDX-License-Identifier: Apache-2.0 */
/* Measures devices, and writes device profiles. */
#include <orchestrator/survey/profile.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>

#define SLACK_S 120.0 /* additional time for the first steps of a slow device */
#define PARTS 5.0     /* a step and two exchanges, with their least repetitions */
#define PROBE_TRAIN_MS "1000"

/* ---- the configuration ---- */

/* Makes the configuration of a run on this cluster, as far as it affects the worker's device. */
static struct rog_json *make_config(const struct rog_survey_host *host,
                                    const struct rog_json *settings)
{
    struct rog_json *config = rog_json_copy(settings), *workers = rog_json_array();
    struct rog_json *worker = rog_json_object();
    const struct rog_json *all = host->options->cluster->workers;
    const struct rog_json *own = host->rank ? host->settings : rog_json_at(all, 0);
    static const char *const numbers[] = {"step_s",        "compress_s",        "decompress_s",
                                          "watts_compute", "watts_communicate", "watts_stall"};
    rog_json_put_integer(worker, "rank", 1);
    if (rog_json_get(own, "batch"))
        rog_json_put(worker, "batch", rog_json_copy(rog_json_get(own, "batch")));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        rog_json_put_number(worker, numbers[i], 0); /* these are to be measured */
    rog_json_append(workers, worker);
    /* The other workers exist, but are not measured. */
    for (size_t i = 1; i < rog_json_size(all); i++) {
        struct rog_json *other = rog_json_copy(worker);
        rog_json_put_integer(other, "rank", (int64_t)i + 1);
        rog_json_append(workers, other);
    }
    rog_json_put(config, "workers", workers);
    return config;
}

static int put_config(struct rog_survey_host *host, const struct rog_json *settings, char **there,
                      struct rog_error *err)
{
    struct rog_json *config = make_config(host, settings);
    char name[32];
    char *text = rog_json_text(config);
    snprintf(name, sizeof name, "config-%zu.json", host->rank);
    char *here = rog_path_join(host->all->scratch.path, name);
    *there = rog_path_join(host->folder, "config.json");
    int code = text && here && *there ? rog_file_write(here, text, strlen(text), err)
                                      : rog_fail_nomem(err);
    if (!code)
        code = rog_connection_upload(host->connection, here, *there, 0600, SLACK_S, err);
    free(here);
    free(text);
    rog_json_free(config);
    return code;
}

/* ---- parts of a measurement ---- */

static int run_profile(struct rog_survey_host *host, const struct rog_profile_options *options,
                       struct rog_json **found, struct rog_error *err)
{
    char *config = NULL, *text = NULL, *lock = rog_path_join(host->folder, "lock"), seconds[32];
    snprintf(seconds, sizeof seconds, "%.9g", options->seconds);
    int code = lock ? put_config(host, options->settings, &config, err) : rog_fail_nomem(err);
    const char *only = host->rank ? NULL : "--exchange";
    const char *const arguments[] = {"profile", "--config", config, "--seconds", seconds,
                                     "--lock",  lock,       only,   NULL};
    if (!code)
        code = rog_survey_run(host, arguments, PARTS * options->seconds + 2 * SLACK_S, &text, err);
    if (!code)
        code = rog_json_parse(text, strlen(text), "the answer of rog-trainer profile", found, err);
    free(lock);
    free(text);
    free(config);
    return code;
}

/* Measures the mean power in W over this time; NaN if there is no sensor. */
static int watts(struct rog_survey_host *host, double seconds, double *mean, struct rog_error *err)
{
    char *text = NULL, span[32];
    struct rog_json *answer = NULL;
    struct rog_error why;
    snprintf(span, sizeof span, "%.9g", seconds);
    const char *const arguments[] = {"power", "--seconds", span, "--json", NULL};
    *mean = (double)NAN;
    int code = rog_survey_run(host, arguments, seconds + SLACK_S, &text, &why);
    if (code && rog_connection_lost(host->connection))
        return rog_fail_again(err, &why);
    if (!code && rog_json_parse(text, strlen(text), "the answer of rog-trainer power", &answer,
                                &why) == ROG_OK) {
        double took_s = rog_json_get_number(answer, "seconds", 0);
        if (took_s > 0)
            *mean = rog_json_get_number(answer, "joules", (double)NAN) / took_s;
    }
    rog_json_free(answer);
    free(text);
    return ROG_OK;
}

/* Measures the power while the worker sends and receives as much as its link carries. */
static int watts_of_traffic(struct rog_survey_host *host, double seconds, double *mean,
                            struct rog_error *err)
{
    struct rog_survey_host *server = &host->all->host[0];
    const struct rog_cluster *cluster = host->options->cluster;
    char *address = rog_survey_server(host), listen[16], span[32];
    snprintf(listen, sizeof listen, ":%u", cluster->port);
    snprintf(span, sizeof span, "%.9g", seconds + SLACK_S);
    const char *const serve[] = {"probe",     "--folder", server->folder, "--listen", listen,
                                 "--seconds", span,       "--period",     "0",        "--load",
                                 "1",         "--train",  PROBE_TRAIN_MS, NULL};
    const char *const work[] = {"probe", "--folder", host->folder, "--server",
                                address, "--rank",   "1",          NULL};
    int code = address ? rog_survey_start(server, serve, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_survey_start(host, work, err);
    if (!code)
        code = watts(host, seconds, mean, err);
    free(address);
    return code;
}

/* ---- a worker ---- */

static double time_of(const struct rog_json *found, const char *group, const char *name)
{
    const struct rog_json *from = group ? rog_json_get(found, group) : found;
    return rog_json_get_number(rog_json_get(from, name), "s", (double)NAN);
}

/* Rounds to the precision of a measurement. */
static double rounded(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.4g", value);
    return strtod(text, NULL);
}

static void put(struct rog_json *settings, const char *name, double value)
{
    if (!isnan(value))
        rog_json_put_number(settings, name, rounded(value));
}

/* Returns how much longer an exchange takes if rows are chosen than if all are sent. */
static double extra_s(double chosen, double all)
{
    return fmax(chosen - all, 0);
}

static struct rog_json *make_settings(const struct rog_json *worker, const struct rog_json *server,
                                      double stall_w, double traffic_w)
{
    struct rog_json *settings = rog_json_object();
    put(settings, "step_s", time_of(worker, NULL, "step"));
    put(settings, "compress_s", time_of(worker, "all", "push"));
    put(settings, "decompress_s", time_of(worker, "all", "pull"));
    put(settings, "rank_s",
        extra_s(time_of(worker, "rows", "push"), time_of(worker, "all", "push")));
    put(settings, "unpack_rows_s", time_of(worker, "rows", "pull"));
    put(settings, "server_unpack_s", time_of(server, "all", "server_unpack"));
    put(settings, "server_compress_s", time_of(server, "all", "server_pull"));
    put(settings, "server_rank_s",
        extra_s(time_of(server, "rows", "server_pull"), time_of(server, "all", "server_pull")));
    put(settings, "watts_compute", rog_json_get_number(worker, "watts_compute", (double)NAN));
    put(settings, "watts_communicate", traffic_w);
    put(settings, "watts_stall", stall_w);
    return settings;
}

static void remark(const struct rog_profile_options *options, const char *title, const char *what)
{
    char text[256];
    snprintf(text, sizeof text, "%s: %s", title, what);
    options->remark(text, options->user);
}

/* Measures power while waiting and transmitting; skipped if there is no sensor. */
static int measure_watts(struct rog_survey_host *host, const struct rog_profile_options *options,
                         double *stall_w, double *traffic_w, struct rog_error *err)
{
    remark(options, host->title, "its power while waiting");
    int code = watts(host, options->seconds, stall_w, err);
    if (code)
        return code;
    if (isnan(*stall_w)) {
        remark(options, host->title,
               "no sensor measures its power, so the energy of its runs is unknown; hint: give "
               "watts_compute, watts_communicate and watts_stall of the profile by hand");
        return ROG_OK;
    }
    remark(options, host->title, "its power while sending and receiving");
    return watts_of_traffic(host, options->seconds, traffic_w, err);
}

static int measure_worker(struct rog_survey_host *host, const struct rog_profile_options *options,
                          const struct rog_json *server, struct rog_json *profiles,
                          struct rog_error *err)
{
    struct rog_json *found = NULL;
    double stall_w = (double)NAN, traffic_w = (double)NAN;
    remark(options, host->title, "a local step, and its part of an exchange");
    int code = run_profile(host, options, &found, err);
    if (!code)
        code = measure_watts(host, options, &stall_w, &traffic_w, err);
    if (!code) {
        struct rog_json *profile = rog_json_object();
        rog_json_put_integer(profile, "rank", (int64_t)host->rank);
        rog_json_put_string(profile, "host", host->name);
        rog_json_put(profile, "settings", make_settings(found, server, stall_w, traffic_w));
        rog_json_put_string(profile, "sensor", rog_json_get_string(found, "sensor", NULL));
        rog_json_put(profile, "measured", rog_json_copy(found));
        rog_json_append(profiles, profile);
    }
    rog_json_free(found);
    return code ? rog_fail_prefix(err, "%s", host->title) : ROG_OK;
}

/* Replaces the host's folder by a new one, because each probe needs its own. */
static int place_again(struct rog_survey_host *host, struct rog_error *err)
{
    int code = rog_survey_remove(host, err);
    return code ? code : rog_survey_place(host, err);
}

static bool is_stopped(const struct rog_survey_hosts *hosts)
{
    return hosts->options.stopped && hosts->options.stopped(hosts->options.user);
}

int rog_profile_measure(struct rog_survey_hosts *hosts, const struct rog_profile_options *options,
                        struct rog_json **profiles, struct rog_error *err)
{
    struct rog_survey_host *server = &hosts->host[0];
    struct rog_json *of_server = NULL;
    struct rog_error ignored;
    *profiles = rog_json_array();
    int code = *profiles ? rog_survey_place(server, err) : rog_fail_nomem(err);
    if (!code) {
        remark(options, server->title, "its part of an exchange");
        code = run_profile(server, options, &of_server, err);
    }
    if (code)
        rog_fail_prefix(err, "%s", server->title);
    for (size_t rank = 1; rank < hosts->count && !code; rank++) {
        struct rog_survey_host *host = &hosts->host[rank];
        if (options->rank && options->rank != rank)
            continue;
        if (is_stopped(hosts))
            code = rog_fail(err, ROG_EINTR, "interrupted");
        if (!code && (code = rog_survey_place(host, err)))
            rog_fail_prefix(err, "%s", host->title);
        if (!code)
            code = measure_worker(host, options, of_server, *profiles, err);
        hosts->patient = true;
        rog_survey_remove(host, &ignored);
        hosts->patient = false;
        if (!code)
            code = place_again(server, err);
    }
    hosts->patient = true;
    rog_survey_remove(server, &ignored);
    rog_json_free(of_server);
    if (code) {
        rog_json_free(*profiles);
        *profiles = NULL;
    }
    return code;
}

/* ---- as text ---- */

static int add_setting(const char *name, const struct rog_json *value, void *user)
{
    FILE *file = user;
    double number = rog_json_number(value, 0);
    char text[40];
    snprintf(text, sizeof text, "%.9g", number);
    /* libconfig would read a number without a point as an integer. */
    fprintf(file, "    %s = %s%s;\n", name, text, strpbrk(text, ".e") ? "" : ".0");
    return 0;
}

char *rog_profile_text(const char *name, const struct rog_json *profile)
{
    char *text = NULL, when[32];
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    time_t now = time(NULL);
    struct tm utc;
    const struct rog_json *step = rog_json_get(rog_json_get(profile, "measured"), "step");
    const char *sensor = rog_json_get_string(profile, "sensor", NULL);
    if (!file || !gmtime_r(&now, &utc))
        return NULL;
    strftime(when, sizeof when, "%Y-%m-%d", &utc);
    fprintf(file, "# %s, measured %s: %lld local steps, the middle half within %.2g s.\n",
            rog_json_get_string(profile, "host", ""), when,
            (long long)rog_json_get_integer(step, "count", 0),
            2 * rog_json_get_number(step, "spread_s", 0));
    if (sensor)
        fprintf(file, "# Power by %s.\n", sensor);
    else
        fprintf(
            file,
            "# It has no sensor: without watts_compute, watts_communicate and watts_stall, in W,\n"
            "# the energy of its runs is unknown.\n");
    fprintf(file, "%s = {\n", name);
    rog_json_each(rog_json_get(profile, "settings"), add_setting, file);
    fprintf(file, "};\n");
    return fclose(file) == 0 ? text : NULL;
}
