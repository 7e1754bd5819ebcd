/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a run's folder of the published artifact. */
#include <orchestrator/import/artifact.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <common/trace_name.h>
#include <orchestrator/import/artifact_logs.h>
#include <orchestrator/import/logfile.h>

#define WORKERS_MAX 1024

static int set_text(char **text, const char *value, struct rog_error *err)
{
    free(*text);
    *text = rog_strdup(value);
    return *text ? 0 : rog_fail_nomem(err);
}

/* "BSP:" on its first line, then "threshold: 0", "bw control: outdoors", ...; of runs whose
 * bandwidth nothing limited the control is empty (scripts/run.py, --control ''). */
static int read_config(struct rog_artifact *run, const char *path, struct rog_error *err)
{
    struct rog_log lines;
    int code = rog_log_open(&lines, path, true, err);
    if (code < 0)
        return code;
    while (code == 0 && rog_log_next(&lines)) {
        const char *rest;
        if (!run->library && lines.length > 1 && lines.line[lines.length - 1] == ':') {
            lines.line[lines.length - 1] = '\0';
            code = set_text(&run->library, lines.line, err);
        } else if (rog_log_begins(lines.line, "world_size: ", &rest)) {
            run->workers = strtoll(rest, NULL, 10);
            run->workers -= run->workers > 0;
        } else if (rog_log_begins(lines.line, "threshold: ", &rest)) {
            run->threshold = strtoll(rest, NULL, 10);
        } else if (rog_log_begins(lines.line, "epoch: ", &rest)) {
            run->epochs = strtoll(rest, NULL, 10);
        } else if (rog_log_begins(lines.line, "bw control:", &rest)) {
            rest += *rest == ' ';
            code = set_text(&run->control, *rest ? rest : ROG_TRACE_NO_LIMIT, err);
        } else if (rog_log_begins(lines.line, "note: ", &rest)) {
            code = set_text(&run->note, rest, err);
        }
    }
    rog_log_close(&lines);
    if (code == 0 && (!run->library || !run->control || run->workers < 1 ||
                      run->workers > WORKERS_MAX || run->threshold < 0))
        code = rog_fail(err, ROG_EFORMAT,
                        "%s: it must name the library (\"ROG:\"), world_size (2 to %d), threshold "
                        "and bw control",
                        path, WORKERS_MAX + 1);
    /* They become parts of file names when the run is replayed. */
    const char *odd = code < 0                           ? NULL
                      : !rog_name_is_plain(run->library) ? run->library
                      : !rog_name_is_plain(run->control) ? run->control
                                                         : NULL;
    if (odd)
        code = rog_fail(err, ROG_EFORMAT,
                        "%s: library and bw control have letters, digits, '-', '_' and '.', at "
                        "most 64 (found \"%.80s\")",
                        path, odd);
    return code;
}

/* Reads one kind of log of one rank: FOLDER/log/NAME-RANK.EXTENSION, the sign being part of the
 * name. */
static int read_log(struct rog_artifact *run, const char *folder, const char *name, int64_t rank,
                    const char *extension,
                    int (*read)(struct rog_artifact *, const char *, int64_t, struct rog_error *),
                    struct rog_error *err)
{
    char *path = rog_format("%s/log/%s%lld.%s", folder, name, (long long)rank, extension);
    if (!path)
        return rog_fail_nomem(err);
    int code = read(run, path, rank, err);
    free(path);
    return code;
}

static int read_worker(struct rog_artifact *run, const char *path, int64_t rank,
                       struct rog_error *err)
{
    return rog_artifact_worker_log(run, path, &run->worker[rank - 1], err);
}

static int read_server(struct rog_artifact *run, const char *path, int64_t rank,
                       struct rog_error *err)
{
    (void)rank;
    return rog_artifact_server_log(run, path, err);
}

static int read_logs(struct rog_artifact *run, const char *folder, struct rog_error *err)
{
    bool limited = strcmp(run->control, ROG_TRACE_NO_LIMIT) != 0;
    int code = 0;
    for (int64_t rank = 1; rank <= run->workers && code == 0; rank++)
        code = read_log(run, folder, "worker_", rank, "log", read_worker, err);
    if (code == 0)
        code = read_log(run, folder, "worker_", 0, "log", read_server, err);
    for (int64_t rank = 1; rank <= run->workers && code == 0; rank++) {
        code = read_log(run, folder, "energy-", rank, "txt", rog_artifact_energy_log, err);
        if (code == 0 && limited)
            code =
                read_log(run, folder, "bw_replay-", rank, "txt", rog_artifact_bandwidth_log, err);
    }
    char *accuracy = rog_path_join(folder, "accuracy.csv");
    if (code == 0)
        code = accuracy ? rog_artifact_accuracy(run, accuracy, err) : rog_fail_nomem(err);
    free(accuracy);
    return code;
}

static int make_room(struct rog_artifact *run, struct rog_error *err)
{
    size_t workers = (size_t)run->workers;
    run->worker = calloc(workers, sizeof *run->worker);
    run->energy = calloc(workers + 1, sizeof *run->energy);
    run->bandwidth = calloc(workers + 1, sizeof *run->bandwidth);
    if (!run->worker || !run->energy || !run->bandwidth)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < workers; i++)
        run->worker[i] = (struct rog_artifact_worker){
            .rank = (int64_t)i + 1, .server_rank = -1, .started_s = (double)NAN};
    return 0;
}

int rog_artifact_read(struct rog_artifact *run, const char *folder, struct rog_error *err)
{
    *run = (struct rog_artifact){
        .stall_average_s = (double)NAN, .server_started_s = (double)NAN, .notes = rog_json_array()};
    size_t end = strlen(folder), begin;
    while (end > 1 && folder[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && folder[begin - 1] != '/';)
        begin--;
    run->id = rog_format("%.*s", (int)(end - begin), folder + begin);
    char *config = rog_path_join(folder, "config");
    int code = run->id && config ? read_config(run, config, err) : rog_fail_nomem(err);
    free(config);
    if (code == 0)
        code = make_room(run, err);
    else
        run->workers = 0;
    if (code == 0 && !strstr(run->id, run->library))
        rog_artifact_note(run, "the folder's name and its config disagree: config says %s %lld",
                          run->library, (long long)run->threshold);
    if (code == 0)
        code = read_logs(run, folder, err);
    if (code < 0)
        rog_artifact_release(run);
    return code;
}

void rog_artifact_release(struct rog_artifact *run)
{
    for (int64_t i = 0; i < run->workers && run->worker; i++)
        free(run->worker[i].item);
    for (int64_t i = 0; i <= run->workers; i++) {
        if (run->energy)
            free(run->energy[i].point);
        if (run->bandwidth)
            free(run->bandwidth[i].point);
    }
    free(run->worker);
    free(run->energy);
    free(run->bandwidth);
    free(run->checkpoint);
    free(run->id);
    free(run->library);
    free(run->control);
    free(run->note);
    rog_json_free(run->notes);
    *run = (struct rog_artifact){0};
}
