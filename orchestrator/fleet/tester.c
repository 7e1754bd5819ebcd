/* SPDX-License-Identifier: Apache-2.0 */
/* Tests a run's checkpoints as they are saved, in a process of its own. */
#include <orchestrator/fleet/tester.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/checkpoints.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/paths.h>
#include <rog/events.h>

#define CONFIG_MAX_BYTES ((size_t)16 << 20)

int rog_fleet_tester_init(struct rog_fleet_tester *tester, const struct rog_fleet_options *options,
                          const struct rog_cluster *cluster, const char *run_id, const char *folder,
                          struct rog_error *err)
{
    *tester = (struct rog_fleet_tester){
        .db = options->db,
        .trainer = options->trainer,
        .credentials = options->credentials,
        .cluster = cluster,
        .elsewhere = cluster && cluster->tester ? cluster->kind->executor->tester : NULL,
        .run_id = run_id,
        .folder = rog_strdup(folder),
        .config_path = rog_path_join(folder, ROG_RUN_CONFIG),
        .log_path = rog_path_join(folder, ROG_RUN_TESTER_LOG),
        .process = ROG_PROCESS_NONE,
        .accuracy = (double)NAN,
    };
    return tester->folder && tester->config_path && tester->log_path ? 0 : rog_fail_nomem(err);
}

void rog_fleet_tester_release(struct rog_fleet_tester *tester)
{
    rog_process_stop(&tester->process);
    if (tester->elsewhere)
        tester->elsewhere->end(tester->state);
    tester->state = NULL;
    rog_lines_release(&tester->lines);
    free(tester->in_flight);
    free(tester->folder);
    free(tester->config_path);
    free(tester->log_path);
    rog_json_free(tester->known);
    tester->known = NULL;
    tester->in_flight = tester->folder = tester->config_path = tester->log_path = NULL;
}

/* Returns the checkpoint's path in the run's folder, which need not be beside the database. */
static char *checkpoint_path(const struct rog_fleet_tester *tester)
{
    return rog_path_join(tester->folder, rog_checkpoint_name(tester->in_flight, tester->run_id));
}

/* Handles a line of the tester: the result for the checkpoint in flight, or an error. */
static int take_line(struct rog_fleet_tester *tester, const char *line, struct rog_error *err)
{
    struct rog_json *event = NULL;
    int code = rog_json_parse(line, strlen(line), "the tester", &event, err);
    if (code < 0)
        return code;
    const char *name = rog_json_get_string(event, "event", "");
    if (strcmp(name, ROG_EVENT_ERROR) == 0) {
        code = rog_fail(err, ROG_EFAILED, "%s cannot be tested: %s",
                        tester->in_flight ? tester->in_flight : tester->run_id,
                        rog_json_get_string(event, "message", "no reason given"));
    } else if (strcmp(name, ROG_EVENT_ACCURACY) == 0 && tester->in_flight) {
        code = rog_ingest_accuracy(tester->db, tester->run_id, tester->in_flight, event, err);
        if (code == 0)
            code = rog_tested_add(tester->folder, tester->run_id, tester->in_flight, event, err);
        tester->accuracy = rog_json_get_number(event, "accuracy", (double)NAN);
        tester->tested++;
        free(tester->in_flight);
        tester->in_flight = NULL;
    }
    rog_json_free(event);
    return code;
}

/* Finds the oldest checkpoint without accuracy; NULL if there is none. */
static int next_untested(struct rog_db *db, const char *run_id, char **path, char **sha256,
                         struct rog_error *err)
{
    struct rog_query *query = NULL;
    *path = *sha256 = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT path, sha256 FROM checkpoints WHERE run_id = ?"
                             " AND accuracy IS NULL ORDER BY t LIMIT 1",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        *path = rog_strdup(rog_query_text(query, 0));
        *sha256 = rog_strdup(rog_query_text(query, 1));
        code = *path ? 0 : rog_fail_nomem(err);
    }
    rog_query_free(query);
    return code;
}

/* Returns the known result of a checkpoint with that content; NULL if there is none. */
static const struct rog_json *find_known(const struct rog_json *known, const char *name,
                                         const char *sha256)
{
    const struct rog_json *result = rog_json_get(known, name);
    bool right = sha256 && strcmp(rog_json_get_string(result, "sha256", ""), sha256) == 0 &&
                 rog_json_is_number(rog_json_get(result, "accuracy"));
    return right ? result : NULL;
}

/* Finds the next checkpoint without a known result. Stores known results of those before it. */
static int next_to_test(struct rog_db *db, const char *run_id, const struct rog_json *known,
                        double *accuracy, char **path, struct rog_error *err)
{
    char *sha256 = NULL;
    const struct rog_json *result = NULL;
    int code;
    do {
        code = next_untested(db, run_id, path, &sha256, err);
        result = code == 0 && *path ? find_known(known, rog_checkpoint_name(*path, run_id), sha256)
                                    : NULL;
        if (result) {
            *accuracy = rog_json_get_number(result, "accuracy", (double)NAN);
            code = rog_ingest_accuracy(db, run_id, *path, result, err);
            free(*path);
            *path = NULL;
        }
        free(sha256);
    } while (code == 0 && result);
    return code;
}

/* Loads known results. A damaged file is removed. */
static int load_known(const char *folder, struct rog_json **known, struct rog_error *err)
{
    int code = rog_tested_load(folder, known, err);
    if (code != ROG_EFORMAT)
        return code;
    char *path = rog_path_join(folder, ROG_TESTED);
    if (path)
        unlink(path);
    code = path ? 0 : rog_fail_nomem(err);
    free(path);
    return code;
}

int rog_fleet_tester_take_known(struct rog_fleet_tester *tester, struct rog_error *err)
{
    return load_known(tester->folder, &tester->known, err);
}

int rog_fleet_tester_take_in(struct rog_db *db, const char *run_id, const char *folder, bool *all,
                             struct rog_error *err)
{
    struct rog_json *known = NULL;
    char *next = NULL;
    double accuracy;
    int code = load_known(folder, &known, err);
    if (code == 0)
        code = next_to_test(db, run_id, known, &accuracy, &next, err);
    *all = code == 0 && !next;
    free(next);
    rog_json_free(known);
    return code;
}

static int start(struct rog_fleet_tester *tester, struct rog_error *err)
{
    const char *const argv[] = {tester->trainer,     "test",     "--config",
                                tester->config_path, "--follow", NULL};
    const struct rog_process_options options = {
        .argv = argv, .log = tester->log_path, .pipes = true};
    return rog_process_start(&tester->process, &options, err);
}

static int start_elsewhere(struct rog_fleet_tester *tester, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    struct rog_json *config = NULL;
    int code = rog_file_read(tester->config_path, CONFIG_MAX_BYTES, &text, &size, err);
    if (code == 0)
        code = rog_json_parse(text, size, tester->config_path, &config, err);
    if (code == 0) {
        const struct rog_attempt attempt = {.cluster = tester->cluster,
                                            .credentials = tester->credentials,
                                            .trainer = tester->trainer,
                                            .config = config,
                                            .run_id = tester->run_id};
        code = tester->elsewhere->begin(&tester->state, &attempt, err);
    }
    rog_json_free(config);
    free(text);
    return code;
}

/* Hands a checkpoint over to the tester host. */
static int send_to_host(struct rog_fleet_tester *tester, struct rog_error *err)
{
    char *path = checkpoint_path(tester);
    int code = path ? 0 : rog_fail_nomem(err);
    if (code == 0 && !tester->state)
        code = start_elsewhere(tester, err);
    if (code == 0)
        code = tester->elsewhere->give(tester->state, path, err);
    free(path);
    return code;
}

/* Handles the answer of the tester host. */
static int take_from_host(struct rog_fleet_tester *tester, struct rog_error *err)
{
    char *line = NULL;
    int code = tester->elsewhere->take(tester->state, &line, err);
    tester->away = code != 0;
    if (code == 0 && line)
        code = take_line(tester, line, err);
    free(line);
    return code;
}

/* Hands a checkpoint over to a process on this machine. */
static int hand_over(struct rog_fleet_tester *tester, struct rog_error *err)
{
    char *path = checkpoint_path(tester);
    char *line = path ? rog_format("%s\n", path) : NULL;
    int code = line ? 0 : rog_fail_nomem(err);
    if (code == 0 && rog_process_gone(&tester->process))
        code = start(tester, err);
    /* A line fits into the pipe, which the tester has emptied, so this does not block. */
    if (code == 0 && write(tester->process.input, line, strlen(line)) != (ssize_t)strlen(line) &&
        errno != EPIPE) /* a tester that is gone is noticed, with its reason, on the next step */
        code = rog_fail(err, ROG_EIO, "cannot write to the tester: %s", strerror(errno));
    free(line);
    free(path);
    return code;
}

/* The tester exited while a checkpoint was in flight. */
static int died(struct rog_fleet_tester *tester, struct rog_error *err)
{
    rog_run_judge("the tester", &tester->process, tester->log_path, err);
    return rog_fail_prefix(err, "%s cannot be tested", tester->in_flight);
}

int rog_fleet_tester_step(struct rog_fleet_tester *tester, bool *idle, struct rog_error *err)
{
    *idle = false;
    bool ended = rog_process_ended(&tester->process);
    int code = rog_lines_fill(&tester->lines, &tester->process, err);
    const char *line;
    while (code == 0 && (line = rog_lines_next(&tester->lines)))
        code = take_line(tester, line, err);
    if (code == 0 && tester->state)
        code = take_from_host(tester, err);
    if (code == 0 && tester->in_flight && ended && !tester->elsewhere)
        code = died(tester, err);
    if (code < 0 || tester->in_flight)
        return code;
    code = next_to_test(tester->db, tester->run_id, tester->known, &tester->accuracy,
                        &tester->in_flight, err);
    if (code == 0 && tester->in_flight)
        return tester->elsewhere ? send_to_host(tester, err) : hand_over(tester, err);
    *idle = code == 0;
    return code;
}
