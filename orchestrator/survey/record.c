/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the probe on all hosts and fetches its measurements. */
#include <orchestrator/survey/record.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>

#define SAMPLES_FILE "samples.csv" /* as in trainer/probe */
#define LOOK_S 1.0
#define RENEW_S 5.0
#define END_S 15.0 /* time it may take to end after it was told to */
#define COMMAND_TIMEOUT_S 30.0

struct recording {
    struct rog_survey_hosts *hosts;
    const struct rog_record_options *options;
    struct rog_samples *samples;
    struct rog_survey_host *server;
    char *there; /* path of the file on the server */
    FILE *here;
    uint64_t offset; /* position after the last complete line that was fetched */
    char *rest;      /* an incomplete line after it */
    size_t rest_bytes;
    double renewed_s, heard_s, stopped_s;
    bool ended;
};

static void remark(const struct recording *recording, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void remark(const struct recording *recording, const char *format, ...)
{
    char text[ROG_ERROR_MESSAGE_BYTES + 128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    recording->options->remark(text, recording->options->user);
}

/* ---- starting ---- */

static int start_server(struct recording *recording, struct rog_error *err)
{
    const struct rog_record_options *options = recording->options;
    const struct rog_cluster *cluster = recording->hosts->options.cluster;
    char listen[16], workers[16], seconds[32], period[32], load[32], train[32], lease[32];
    snprintf(listen, sizeof listen, ":%u", cluster->port);
    snprintf(workers, sizeof workers, "%zu", recording->hosts->count - 1);
    snprintf(seconds, sizeof seconds, "%.9g", options->seconds);
    snprintf(period, sizeof period, "%.9g", options->period_s);
    snprintf(load, sizeof load, "%.9g", options->load);
    snprintf(train, sizeof train, "%.9g", options->train_ms);
    snprintf(lease, sizeof lease, "%.9g", cluster->lease_s);
    const char *const arguments[] = {"probe",    "--folder",  recording->server->folder,
                                     "--listen", listen,      "--workers",
                                     workers,    "--seconds", seconds,
                                     "--period", period,      "--load",
                                     load,       "--train",   train,
                                     "--lease",  lease,       NULL};
    return rog_survey_start(recording->server, arguments, err);
}

static int start_worker(struct rog_survey_host *host, struct rog_error *err)
{
    char rank[16], lease[32];
    char *server = rog_survey_server(host);
    snprintf(rank, sizeof rank, "%zu", host->rank);
    snprintf(lease, sizeof lease, "%.9g", host->options->cluster->lease_s);
    const char *const arguments[] = {"probe",  "--folder", host->folder, "--server", server,
                                     "--rank", rank,       "--lease",    lease,      NULL};
    int code = server ? rog_survey_start(host, arguments, err) : rog_fail_nomem(err);
    rog_survey_disconnect(host, NULL);
    free(server);
    return code;
}

static int start(struct recording *recording, struct rog_error *err)
{
    int code = rog_survey_each(recording->hosts, 0, rog_survey_place, err);
    if (!code) {
        recording->there = rog_path_join(recording->server->folder, SAMPLES_FILE);
        code = recording->there ? start_server(recording, err) : rog_fail_nomem(err);
        if (code)
            rog_fail_prefix(err, "%s", recording->server->title);
    }
    return code ? code : rog_survey_each(recording->hosts, 1, start_worker, err);
}

/* ---- fetching ---- */

static int append(const void *data, size_t size, void *user, struct rog_error *err)
{
    struct recording *recording = user;
    char *more = realloc(recording->rest, recording->rest_bytes + size + 1);
    if (!more)
        return rog_fail_nomem(err);
    recording->rest = more;
    memcpy(more + recording->rest_bytes, data, size);
    recording->rest_bytes += size;
    return ROG_OK;
}

/* Writes complete lines to the local file and adds up their values. */
static int take_lines(struct recording *recording, struct rog_error *err)
{
    size_t size = recording->rest_bytes;
    while (size > 0 && recording->rest[size - 1] != '\n')
        size--;
    if (size == 0)
        return ROG_OK;
    if (fwrite(recording->rest, 1, size, recording->here) != size || fflush(recording->here) != 0)
        return rog_fail(err, ROG_EIO, "cannot write %s: %s", recording->options->path,
                        strerror(errno));
    int code = rog_samples_take(recording->samples, recording->rest, size, err);
    recording->offset += size;
    recording->rest_bytes -= size;
    memmove(recording->rest, recording->rest + size, recording->rest_bytes);
    return code;
}

static int fetch(struct recording *recording, struct rog_error *err)
{
    struct rog_error why;
    int code = rog_connection_download(recording->server->connection, recording->there,
                                       recording->offset + recording->rest_bytes, append, recording,
                                       NULL, &why);
    if (code && code != ROG_ENOTFOUND)
        return rog_fail_again(err, &why);
    return take_lines(recording, err);
}

/* Polls the server once. The state is read before the rows, so that all rows are there if it has
 * ended. */
static int poll_server(struct recording *recording, struct rog_error *err)
{
    char state[16], message[ROG_ERROR_MESSAGE_BYTES];
    int code = rog_survey_connect(recording->server, err);
    if (!code && rog_clock_s() > recording->renewed_s + RENEW_S) {
        code = rog_survey_renew(recording->server, err);
        recording->renewed_s = rog_clock_s();
    }
    if (!code)
        code = rog_survey_state(recording->server, state, message, err);
    if (!code)
        code = fetch(recording, err);
    if (code)
        return code;
    recording->heard_s = rog_clock_s();
    recording->ended = strcmp(state, "ended") == 0;
    if (strcmp(state, "failed") == 0) {
        recording->ended = true;
        code = rog_fail(err, ROG_EFAILED, "%s", message);
    }
    return code;
}

static int tell_to_end(struct recording *recording, struct rog_error *err)
{
    char pid[24];
    snprintf(pid, sizeof pid, "%ld", recording->server->pid);
    const char *const kill[] = {"kill", "-s", "TERM", pid, NULL};
    recording->stopped_s = rog_clock_s();
    return rog_connection_command(recording->server->connection, kill, COMMAND_TIMEOUT_S, NULL,
                                  err);
}

/* Returns whether an error ends the recording: it does unless the connection was lost for a shorter
 * time than the lease, in which the server continues without rogctl. */
static bool is_final(const struct recording *recording)
{
    double now_s = rog_clock_s();
    return recording->ended || recording->stopped_s > 0 ||
           (recording->server->connection && !rog_connection_lost(recording->server->connection)) ||
           now_s > recording->heard_s + recording->hosts->options.cluster->lease_s;
}

static int follow(struct recording *recording, struct rog_error *err)
{
    const struct rog_survey_options *options = &recording->hosts->options;
    const struct timespec step = {(time_t)LOOK_S, 0};
    int code = ROG_OK;
    bool lost = false;
    recording->heard_s = recording->renewed_s = rog_clock_s();
    while (!code && !recording->ended) {
        struct rog_error why;
        if (!recording->stopped_s)
            nanosleep(&step, NULL); /* a pending signal does not interrupt this */
        bool stopped = options->stopped && options->stopped(options->user);
        code = poll_server(recording, &why);
        if (!code && stopped && !recording->stopped_s && !recording->ended)
            code = tell_to_end(recording, &why);
        if (!code && recording->stopped_s && rog_clock_s() > recording->stopped_s + END_S)
            code = rog_fail(&why, ROG_EFAILED, "the probe does not exit");
        if (code && (is_final(recording) || stopped)) {
            rog_fail_again(err, &why);
            rog_fail_prefix(err, "%s", recording->server->title);
        } else if (code) {
            if (!lost)
                remark(recording, "%s: %s; it continues recording there, and rogctl keeps trying",
                       recording->server->title, why.message);
            code = ROG_OK;
            lost = true;
        } else {
            lost = false;
            recording->options->told(recording->samples, recording->options->user);
        }
    }
    return code;
}

/* ---- cleaning up ---- */

static void clean_up(struct recording *recording)
{
    struct rog_survey_hosts *hosts = recording->hosts;
    struct rog_error ignored;
    rog_survey_each(hosts, 0, rog_survey_remove, &ignored);
    for (size_t i = 0; i < hosts->count; i++)
        if (hosts->host[i].cause.code)
            remark(
                recording,
                "%s cannot be cleaned up: %s; hint: it exits by itself within %.0f s, and rogctl "
                "doctor --cluster %s --clean removes the rest",
                hosts->host[i].title, hosts->host[i].cause.message, hosts->options.cluster->lease_s,
                hosts->options.cluster->path);
}

int rog_record_links(struct rog_survey_hosts *hosts, const struct rog_record_options *options,
                     struct rog_samples *samples, struct rog_error *err)
{
    struct recording recording = {
        .hosts = hosts, .options = options, .samples = samples, .server = &hosts->host[0]};
    recording.here = fopen(options->path, "wxe");
    if (!recording.here)
        return rog_fail(err, errno == EEXIST ? ROG_EINVAL : ROG_EIO, "cannot create %s: %s%s",
                        options->path, strerror(errno),
                        errno == EEXIST ? "; hint: another --to, or remove it" : "");
    int code = start(&recording, err);
    hosts->patient = true;
    if (!code)
        code = follow(&recording, err);
    clean_up(&recording);
    if (fclose(recording.here) != 0 && !code)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", options->path, strerror(errno));
    if (code && samples->seconds == 0)
        remove(options->path); /* nothing was recorded */
    free(recording.rest);
    free(recording.there);
    return code;
}
