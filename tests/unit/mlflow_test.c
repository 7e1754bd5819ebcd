/* SPDX-License-Identifier: Apache-2.0 */
/* Export to MLflow, with a server that stores what it receives and answers like MLflow 3.17.
 * tests/system/mlflow.sh uses a real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/export/mlflow.h>
#include <orchestrator/export/mlflow_live.h>

#include "figures_fixture.h"
#include "http_fixture.h"

#define RUNS_MAX 8

struct kept_run {
    char identity[80], name[80], parent[80], status[16];
    int metrics, params;
    struct rog_json *seen;   /* "key@step": its value */
    struct rog_json *latest; /* key: the metric with the last step */
    struct rog_json *tags;   /* [{key, value}] */
    struct rog_json *values; /* parameters: key: value */
};

struct tracker {
    struct fixture *fixture;
    struct http_fixture server;
    pthread_mutex_t mutex; /* for all members, while an answer is made */
    char experiment[80];
    bool deleted, takes_no_files, needs_token, away, silent;
    int fail_after; /* answers this many requests, then 503 once; 0: never */
    struct kept_run run[RUNS_MAX];
    int runs, experiments_made, runs_made, log_requests, twice;
    char files[4096]; /* "PATH SIZE\n" */
    char authorization[64];
    char trouble[128]; /* what was wrong with a request */
};

static void say(struct http_reply *reply, int status, struct rog_json *answer)
{
    reply->status = status;
    reply->owned = rog_json_text(answer);
    reply->body = reply->owned;
    reply->body_bytes = strlen(reply->owned);
    rog_json_free(answer);
}

static void refuse(struct http_reply *reply, int status, const char *error_code,
                   const char *message)
{
    struct rog_json *answer = rog_json_object();
    rog_json_put_string(answer, "error_code", error_code);
    rog_json_put_string(answer, "message", message);
    say(reply, status, answer);
}

static int add_latest(const char *key, const struct rog_json *metric, void *metrics)
{
    (void)key;
    rog_json_append(metrics, rog_json_copy(metric));
    return 0;
}

/* {"info": {...}, "data": {"tags": [...], "metrics": [...]}} */
static struct rog_json *run_json(const struct tracker *tracker, int index)
{
    const struct kept_run *run = &tracker->run[index];
    struct rog_json *value = rog_json_object(), *info = rog_json_object(),
                    *data = rog_json_object();
    char id[32], place[64];
    snprintf(id, sizeof id, "run%d", index);
    snprintf(place, sizeof place, "%s7/%s/artifacts",
             tracker->takes_no_files ? "s3://bucket/" : "mlflow-artifacts:/", id);
    rog_json_put_string(info, "run_id", id);
    rog_json_put_string(info, "status", run->status);
    rog_json_put_string(info, "artifact_uri", place);
    rog_json_put(data, "tags", rog_json_copy(run->tags));
    struct rog_json *metrics = rog_json_array();
    rog_json_each(run->latest, add_latest, metrics);
    rog_json_put(data, "metrics", metrics);
    rog_json_put(value, "info", info);
    rog_json_put(value, "data", data);
    return value;
}

static void keep_tags(struct kept_run *run, const struct rog_json *tags)
{
    for (size_t i = 0; i < rog_json_size(tags); i++) {
        const struct rog_json *tag = rog_json_at(tags, i);
        const char *key = rog_json_get_string(tag, "key", ""),
                   *value = rog_json_get_string(tag, "value", "");
        rog_json_append(run->tags, rog_json_copy(tag)); /* the last value counts */
        if (strcmp(key, "rogctl.identity") == 0)
            snprintf(run->identity, sizeof run->identity, "%s", value);
        if (strcmp(key, "mlflow.parentRunId") == 0)
            snprintf(run->parent, sizeof run->parent, "%s", value);
    }
}

/* The server's thread cannot fail the test: it records the failure. */
static void must(struct tracker *tracker, bool holds, const char *what)
{
    if (!holds)
        snprintf(tracker->trouble, sizeof tracker->trouble, "%s", what);
}

static void search(struct tracker *tracker, const struct rog_json *question,
                   struct http_reply *reply)
{
    char wanted[80] = "";
    struct rog_json *answer = rog_json_object(), *runs = rog_json_array();
    must(tracker,
         sscanf(rog_json_get_string(question, "filter", ""),
                "tags.`rogctl.identity` = '%64[0-9a-f]'", wanted) == 1,
         "the filter");
    must(tracker,
         strcmp(rog_json_string(rog_json_at(rog_json_get(question, "experiment_ids"), 0), ""),
                "7") == 0,
         "the experiment's id");
    for (int i = 0; i < tracker->runs; i++)
        if (strcmp(tracker->run[i].identity, wanted) == 0)
            rog_json_append(runs, run_json(tracker, i));
    if (rog_json_size(runs))
        rog_json_put(answer, "runs", runs);
    else
        rog_json_free(runs); /* like the real one: no member if nothing is found */
    say(reply, 200, answer);
}

static void create_run(struct tracker *tracker, const struct rog_json *question,
                       struct http_reply *reply)
{
    if (tracker->runs == RUNS_MAX) {
        refuse(reply, 500, "FULL", "there are too many runs");
        return;
    }
    struct kept_run *run = &tracker->run[tracker->runs];
    run->seen = rog_json_object();
    run->latest = rog_json_object();
    snprintf(run->status, sizeof run->status, "RUNNING");
    run->values = rog_json_object();
    run->tags = rog_json_array();
    snprintf(run->name, sizeof run->name, "%s", rog_json_get_string(question, "run_name", ""));
    must(tracker, rog_json_get_integer(question, "start_time", 0) > 0, "start_time");
    keep_tags(run, rog_json_get(question, "tags"));
    struct rog_json *answer = rog_json_object();
    rog_json_put(answer, "run", run_json(tracker, tracker->runs));
    tracker->runs++;
    tracker->runs_made++;
    say(reply, 200, answer);
}

static void log_batch(struct tracker *tracker, const struct rog_json *question,
                      struct http_reply *reply)
{
    struct kept_run *run =
        &tracker->run[atoi(rog_json_get_string(question, "run_id", "run0") + strlen("run"))];
    const struct rog_json *metrics = rog_json_get(question, "metrics"),
                          *params = rog_json_get(question, "params"),
                          *tags = rog_json_get(question, "tags");
    size_t size = rog_json_size(metrics) + rog_json_size(params) + rog_json_size(tags);
    if (size > 1000 || rog_json_size(params) > 100 || rog_json_size(tags) > 100) {
        refuse(reply, 400, "INVALID_PARAMETER_VALUE", "at most 1000 metrics, params, and tags");
        return;
    }
    for (size_t i = 0; i < rog_json_size(metrics); i++) {
        const struct rog_json *metric = rog_json_at(metrics, i);
        char key[128];
        snprintf(key, sizeof key, "%s@%lld", rog_json_get_string(metric, "key", ""),
                 (long long)rog_json_get_integer(metric, "step", -1));
        must(tracker, rog_json_is_number(rog_json_get(metric, "value")), "a metric's value");
        must(tracker, rog_json_is_integer(rog_json_get(metric, "timestamp")), "its time");
        tracker->twice += rog_json_get(run->seen, key) != NULL;
        rog_json_put(run->seen, key, rog_json_copy(rog_json_get(metric, "value")));
        const char *name = rog_json_get_string(metric, "key", "");
        const struct rog_json *last = rog_json_get(run->latest, name);
        if (!last ||
            rog_json_get_integer(last, "step", 0) < rog_json_get_integer(metric, "step", 0))
            rog_json_put(run->latest, name, rog_json_copy(metric));
        run->metrics++;
    }
    for (size_t i = 0; i < rog_json_size(params); i++) {
        const struct rog_json *param = rog_json_at(params, i);
        rog_json_put_string(run->values, rog_json_get_string(param, "key", ""),
                            rog_json_get_string(param, "value", ""));
        run->params++;
    }
    keep_tags(run, tags);
    tracker->log_requests++;
    say(reply, 200, rog_json_object());
}

static void get_experiment(struct tracker *tracker, const char *name, struct http_reply *reply)
{
    struct rog_json *answer = rog_json_object(), *experiment = rog_json_object();
    if (strcmp(tracker->experiment, name) != 0) {
        rog_json_free(experiment);
        rog_json_free(answer);
        refuse(reply, 404, "RESOURCE_DOES_NOT_EXIST", "Could not find experiment");
        return;
    }
    rog_json_put_string(experiment, "experiment_id", "7");
    rog_json_put_string(experiment, "lifecycle_stage", tracker->deleted ? "deleted" : "active");
    rog_json_put(answer, "experiment", experiment);
    say(reply, 200, answer);
}

static void answer_one(const struct http_question *question, struct http_reply *reply,
                       struct tracker *tracker)
{
    static const char api[] = "/api/2.0/mlflow/", store[] = "/api/2.0/mlflow-artifacts/artifacts/";
    static const char by_name[] = "experiments/get-by-name?experiment_name=";
    struct rog_json *value = NULL;
    reply->silent = tracker->silent;
    http_header(question, "Authorization", tracker->authorization, sizeof tracker->authorization);
    if (tracker->away || (tracker->fail_after && --tracker->fail_after == 0)) {
        reply->status = 503;
        reply->body = "<html>overloaded</html>";
        reply->body_bytes = strlen(reply->body);
        return;
    }
    if (tracker->needs_token && strcmp(tracker->authorization, "Bearer secret") != 0) {
        refuse(reply, 401, "UNAUTHENTICATED", "who are you?");
        return;
    }
    if (strncmp(question->target, store, strlen(store)) == 0) {
        size_t used = strlen(tracker->files);
        must(tracker, strcmp(question->method, "PUT") == 0, "the method");
        snprintf(tracker->files + used, sizeof tracker->files - used, "%s %s\n",
                 question->target + strlen(store), question->body_bytes ? "full" : "empty");
        say(reply, 200, rog_json_object());
        return;
    }
    must(tracker, strncmp(question->target, api, strlen(api)) == 0, "the path");
    const char *name = question->target + strlen(api);
    if (strncmp(name, by_name, strlen(by_name)) == 0) {
        get_experiment(tracker, name + strlen(by_name), reply);
        return;
    }
    must(tracker, strcmp(question->method, "POST") == 0, "the method");
    must(tracker, rog_json_parse(question->body, question->body_bytes, "", &value, NULL) == 0,
         "JSON");
    if (strcmp(name, "experiments/create") == 0) {
        struct rog_json *made = rog_json_object();
        rog_json_put_string(made, "experiment_id", "7");
        snprintf(tracker->experiment, sizeof tracker->experiment, "%s",
                 rog_json_get_string(value, "name", ""));
        tracker->experiments_made++;
        say(reply, 200, made);
    } else if (strcmp(name, "runs/search") == 0) {
        search(tracker, value, reply);
    } else if (strcmp(name, "runs/create") == 0) {
        create_run(tracker, value, reply);
    } else if (strcmp(name, "runs/log-batch") == 0) {
        log_batch(tracker, value, reply);
    } else {
        must(tracker, strcmp(name, "runs/update") == 0, name);
        struct kept_run *run =
            &tracker->run[atoi(rog_json_get_string(value, "run_id", "run0") + strlen("run"))];
        snprintf(run->status, sizeof run->status, "%s", rog_json_get_string(value, "status", ""));
        say(reply, 200, rog_json_object());
    }
    rog_json_free(value);
}

static void answer(const struct http_question *question, struct http_reply *reply, void *user)
{
    struct tracker *tracker = user;
    pthread_mutex_lock(&tracker->mutex);
    answer_one(question, reply, tracker);
    pthread_mutex_unlock(&tracker->mutex);
}

static int set_up(void **state)
{
    struct tracker *tracker = calloc(1, sizeof *tracker);
    void *fixture = NULL;
    pthread_mutex_init(&tracker->mutex, NULL);
    fixture_setup(&fixture);
    tracker->fixture = fixture;
    fixture_case(tracker->fixture, "c-case0", "1", 64);
    fixture_run_add(tracker->fixture, &(struct fixture_run){.case_name = "c-case0",
                                                            .id = "01-01-00-00-BSP-0-outdoors",
                                                            .library = "BSP",
                                                            .note = "a 'note' \"with\" ärgh",
                                                            .seed = 1,
                                                            .batchsize = 1,
                                                            .iteration_s = 20,
                                                            .iterations = 40,
                                                            .checkpoints = 12});
    fixture_run_add(tracker->fixture, &(struct fixture_run){.case_name = "c-case0",
                                                            .id = "01-01-00-01-ROG-4-outdoors",
                                                            .library = "ROG",
                                                            .note = "ROG 4",
                                                            .threshold = 4,
                                                            .seed = 1,
                                                            .batchsize = 1,
                                                            .iteration_s = 10,
                                                            .iterations = 80,
                                                            .checkpoints = 12});
    http_fixture_start(&tracker->server, answer, tracker);
    *state = tracker;
    return 0;
}

static int tear_down(void **state)
{
    struct tracker *tracker = *state;
    http_fixture_stop(&tracker->server);
    assert_string_equal(tracker->trouble, "");
    for (int i = 0; i < tracker->runs; i++) {
        rog_json_free(tracker->run[i].seen);
        rog_json_free(tracker->run[i].latest);
        rog_json_free(tracker->run[i].values);
        rog_json_free(tracker->run[i].tags);
    }
    void *fixture = tracker->fixture;
    fixture_teardown(&fixture);
    free(tracker);
    return 0;
}

static int export_with(struct tracker *tracker, struct rog_mlflow_options options,
                       struct rog_json **result, struct rog_error *err)
{
    char url[64];
    options.access.url = http_fixture_url(&tracker->server, "/", url, sizeof url);
    return rog_export_mlflow(tracker->fixture->db, "c-case0", &options, result, err);
}

static int export(struct tracker *tracker, struct rog_error *err)
{
    struct rog_json *result = NULL;
    int code = export_with(tracker, (struct rog_mlflow_options){0}, &result, err);
    if (code == 0) {
        assert_string_equal(rog_json_get_string(result, "experiment_id", ""), "7");
        assert_int_equal(rog_json_size(rog_json_get(result, "runs")), 2);
    }
    rog_json_free(result);
    return code;
}

/* Checks that there are as many metrics as in results.db, each once. */
static void check_metrics(struct tracker *tracker)
{
    static const char rows[] =
        "SELECT (SELECT sum((compute_s IS NOT NULL) + (push_s + pull_s IS NOT NULL)"
        " + (stall_s IS NOT NULL) + (rows_pushed IS NOT NULL) + (rows_pulled IS NOT NULL)"
        " + (loss IS NOT NULL) + (staleness IS NOT NULL)) FROM iterations"
        "     JOIN runs ON id = run_id WHERE library = 'ROG')"
        " + (SELECT count(*) FROM checkpoints JOIN runs ON id = run_id"
        "     WHERE library = 'ROG' AND accuracy IS NOT NULL)"
        " + (SELECT count(*) FROM (SELECT DISTINCT rank, source, CAST(t / 10 AS INTEGER)"
        "     FROM energy JOIN runs ON id = run_id WHERE library = 'ROG'))";
    struct kept_run *run = &tracker->run[2];
    assert_string_equal(run->name, "01-01-00-01-ROG-4-outdoors");
    assert_int_equal(tracker->twice, 0);
    assert_int_equal(run->metrics, fixture_number(tracker->fixture, rows) + 11 /* summary */);
    assert_float_equal(rog_json_get_number(run->seen, "stall_s/worker2@7", -1),
                       fixture_number(tracker->fixture,
                                      "SELECT stall_s FROM iterations JOIN runs ON id = run_id "
                                      "WHERE library = 'ROG' AND rank = 2 AND iteration = 7"),
                       1e-9);
    assert_true(rog_json_get_number(run->seen, "summary/energy_j@0", -1) > 0);
    assert_string_equal(run->status, "FINISHED");
    assert_string_equal(run->parent, "run0");
    assert_string_equal(rog_json_get_string(run->values, "threshold", ""), "4");
}

static void a_case_arrives_whole(void **state)
{
    struct tracker *tracker = *state;
    struct rog_error err = {0};
    if (export(tracker, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(tracker->experiment, "c-case0");
    assert_int_equal(tracker->runs_made, 3);
    assert_string_equal(tracker->run[0].name, "c-case0");
    assert_string_equal(tracker->run[0].parent, "");
    assert_string_equal(tracker->run[0].status, "FINISHED");
    check_metrics(tracker);
    assert_non_null(strstr(tracker->files, "7/run1/artifacts/config.json full"));
    assert_non_null(strstr(tracker->files, "7/run0/artifacts/report.html full"));
    assert_non_null(strstr(tracker->files, "7/run0/artifacts/report.json full"));
    assert_non_null(strstr(tracker->files,
                           "7/run0/artifacts/figures/c-case0-average-time-composition.svg full"));
    const struct rog_json *tags = tracker->run[1].tags;
    bool noted = false;
    for (size_t i = 0; i < rog_json_size(tags); i++)
        noted |= strcmp(rog_json_get_string(rog_json_at(tags, i), "value", ""),
                        "a 'note' \\\"with\\\" ärgh") == 0; /* as Markdown */
    assert_true(noted);
}

static void repeating_adds_nothing(void **state)
{
    struct tracker *tracker = *state;
    struct rog_error err = {0};
    tracker->takes_no_files = true;
    assert_int_equal(export(tracker, &err), 0);
    int requests = tracker->log_requests;
    assert_int_equal(export(tracker, &err), 0);
    assert_int_equal(tracker->runs_made, 3);
    assert_int_equal(tracker->experiments_made, 1);
    assert_int_equal(tracker->log_requests, requests);
    check_metrics(tracker);
}

/* Wherever the export breaks, the next call continues, and nothing is duplicated. */
static void a_broken_export_is_continued(void **state)
{
    struct tracker *tracker = *state;
    struct rog_error err = {0};
    int breaks = 0;
    tracker->takes_no_files = true;
    for (int n = 2; n < 60; n++) {
        tracker->fail_after = n;
        if (export(tracker, &err) == 0)
            break;
        assert_non_null(strstr(err.message, "503 Service Unavailable"));
        breaks++;
    }
    tracker->fail_after = 0;
    assert_int_equal(export(tracker, &err), 0);
    assert_true(breaks > 5);
    assert_int_equal(tracker->runs_made, 3);
    check_metrics(tracker);
}

static void a_refusal_has_the_server_s_message(void **state)
{
    struct tracker *tracker = *state;
    struct rog_error err = {0};
    struct rog_json *result = NULL;
    tracker->needs_token = tracker->takes_no_files = true;
    assert_int_equal(export(tracker, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "401 Unauthorized UNAUTHENTICATED: who are you?"));
    assert_non_null(strstr(err.message, "MLFLOW_TRACKING_TOKEN"));
    const struct rog_mlflow_options token = {.access = {.token = "secret", .user = "me"}};
    assert_int_equal(export_with(tracker, token, &result, &err), 0);
    rog_json_free(result);
    tracker->needs_token = false;
    const struct rog_mlflow_options user = {.access = {.user = "me", .password = "secret"}};
    assert_int_equal(export_with(tracker, user, &result, &err), 0);
    assert_string_equal(tracker->authorization, "Basic bWU6c2VjcmV0");
    rog_json_free(result);
    const struct rog_mlflow_options bad = {.access = {.token = "a\r\nX: y"}};
    assert_int_equal(export_with(tracker, bad, &result, &err), ROG_EINVAL);
    tracker->deleted = true;
    assert_int_equal(export(tracker, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "mlflow experiments restore -x 7"));
}

static void netrc_has_the_user(void **state)
{
    struct tracker *tracker = *state;
    struct rog_error err = {0};
    static const char line[] = "machine 127.0.0.1 login me password secret\n";
    char *before = rog_strdup(getenv("HOME"));
    char *path = rog_path_join(tracker->fixture->folder, ".netrc");
    tracker->takes_no_files = true;
    assert_int_equal(rog_file_write(path, line, strlen(line), &err), 0);
    setenv("HOME", tracker->fixture->folder, 1);
    assert_int_equal(export(tracker, &err), 0);
    assert_string_equal(tracker->authorization, "Basic bWU6c2VjcmV0");
    struct rog_json *result = NULL; /* a token has priority */
    const struct rog_mlflow_options token = {.access = {.token = "other"}};
    assert_int_equal(export_with(tracker, token, &result, &err), 0);
    assert_string_equal(tracker->authorization, "Bearer other");
    rog_json_free(result);
    if (before)
        setenv("HOME", before, 1);
    free(before);
    free(path);
}

static void count_note(void *user, const char *text)
{
    int *notes = user;
    *notes += strstr(text, "--serve-artifacts") != NULL;
}

static void files_are_skipped_if_the_server_rejects_them(void **state)
{
    struct tracker *tracker = *state;
    struct rog_error err = {0};
    struct rog_json *result = NULL;
    int notes = 0;
    tracker->takes_no_files = true;
    const struct rog_mlflow_options options = {.log = count_note, .user = &notes};
    assert_int_equal(export_with(tracker, options, &result, &err), 0);
    rog_json_free(result);
    assert_string_equal(tracker->files, "");
    assert_int_equal(notes, 1);
    check_metrics(tracker);
}

/* --- while runs are executed --- */

#define LIVE_RUN "01-01-00-01-ROG-4-outdoors"

static struct rog_mlflow_live *follow(struct tracker *tracker)
{
    static const char *const ids[] = {LIVE_RUN};
    char url[64];
    struct rog_mlflow_live *live = NULL;
    struct rog_error err = {0};
    const struct rog_mlflow_live_options options = {
        .url = http_fixture_url(&tracker->server, "", url, sizeof url),
        .database = rog_db_path(tracker->fixture->db),
        .case_name = "c-case0",
        .run_ids = ids,
        .count = 1,
        .every_s = 0.05};
    if (rog_mlflow_live_start(&live, &options, &err) != 0)
        fail_msg("%s", err.message);
    return live;
}

/* Moves the second half of the run aside, as if it had not happened yet. */
static void go_back(struct tracker *tracker)
{
    fixture_sql(tracker->fixture, "UPDATE runs SET status = 'planned' WHERE id = '" LIVE_RUN "'");
    fixture_sql(tracker->fixture, "CREATE TABLE later AS SELECT * FROM iterations WHERE run_id = "
                                  "'" LIVE_RUN "' AND iteration > 40");
    fixture_sql(tracker->fixture, "CREATE TABLE later_energy AS SELECT * FROM energy WHERE "
                                  "run_id = '" LIVE_RUN "' AND t > 405");
    fixture_sql(tracker->fixture,
                "DELETE FROM iterations WHERE run_id = '" LIVE_RUN "' AND iteration > 40");
    fixture_sql(tracker->fixture, "DELETE FROM energy WHERE run_id = '" LIVE_RUN "' AND t > 405");
}

static void begin(struct tracker *tracker)
{
    fixture_sql(tracker->fixture, "UPDATE runs SET status = 'running', started_at = "
                                  "'2025-01-01T00:00:00Z' WHERE id = '" LIVE_RUN "'");
}

static void go_on(struct tracker *tracker, const char *status)
{
    char sql[128];
    fixture_sql(tracker->fixture, "INSERT INTO iterations SELECT * FROM later");
    fixture_sql(tracker->fixture, "INSERT INTO energy SELECT * FROM later_energy");
    snprintf(sql, sizeof sql, "UPDATE runs SET status = '%s' WHERE id = '" LIVE_RUN "'", status);
    fixture_sql(tracker->fixture, sql);
}

/* Waits until the run has this many metrics and this status on the server. */
static void wait_for(struct tracker *tracker, int metrics, const char *status)
{
    double until_s = rog_clock_s() + 120;
    bool there = false;
    while (!there && rog_clock_s() < until_s) {
        pthread_mutex_lock(&tracker->mutex);
        for (int i = 0; i < tracker->runs; i++)
            there |= strcmp(tracker->run[i].name, LIVE_RUN) == 0 &&
                     tracker->run[i].metrics >= metrics &&
                     strcmp(tracker->run[i].status, status) == 0;
        pthread_mutex_unlock(&tracker->mutex);
        usleep(5000);
    }
    if (!there)
        fail_msg("the server never has %d metrics of a run that is %s", metrics, status);
}

static void set(struct tracker *tracker, bool *what, bool to)
{
    pthread_mutex_lock(&tracker->mutex);
    *what = to;
    pthread_mutex_unlock(&tracker->mutex);
}

static void count_word(void *user, const char *text)
{
    int *words = user;
    words[0] += strstr(text, "rogctl keeps trying to reach MLflow") != NULL;
    words[1] += strstr(text, "MLflow answers again") != NULL;
}

static void wait_for_word(struct rog_mlflow_live *live, int *words, int which)
{
    double until_s = rog_clock_s() + 120;
    while (words[which] == 0 && rog_clock_s() < until_s) {
        rog_mlflow_live_step(live, count_word, words);
        usleep(5000);
    }
    assert_int_equal(words[which], 1);
}

/* In the server's order, the run comes after its case; check_metrics expects the run at index 2. */
static void the_rest_makes_it_whole(struct tracker *tracker)
{
    struct rog_error err = {0};
    assert_int_equal(export(tracker, &err), 0);
    struct kept_run other = tracker->run[1];
    tracker->run[1] = tracker->run[2];
    tracker->run[2] = other;
    check_metrics(tracker);
}

static void a_run_is_visible_while_it_runs(void **state)
{
    struct tracker *tracker = *state;
    tracker->takes_no_files = true;
    go_back(tracker);
    struct rog_mlflow_live *live = follow(tracker);
    usleep(200000); /* a run that has not started does not appear, however long the test waits */
    pthread_mutex_lock(&tracker->mutex);
    assert_true(tracker->runs <= 1);
    pthread_mutex_unlock(&tracker->mutex);
    begin(tracker);
    wait_for(tracker, 40 * 4 * 3, "RUNNING");
    go_on(tracker, "done");
    wait_for(tracker, 80 * 4 * 3, "FINISHED");
    assert_true(rog_mlflow_live_finish(live, 60));
    the_rest_makes_it_whole(tracker);
}

static void an_unreachable_server_gets_it_later(void **state)
{
    struct tracker *tracker = *state;
    int words[2] = {0};
    tracker->takes_no_files = true;
    go_back(tracker);
    struct rog_mlflow_live *live = follow(tracker);
    begin(tracker);
    wait_for(tracker, 40 * 4 * 3, "RUNNING");
    set(tracker, &tracker->away, true);
    go_on(tracker, "running");
    wait_for_word(live, words, 0);
    set(tracker, &tracker->away, false);
    wait_for_word(live, words, 1);
    wait_for(tracker, 79 * 4 * 3, "RUNNING");
    fixture_sql(tracker->fixture, "UPDATE runs SET status = 'done' WHERE id = '" LIVE_RUN "'");
    assert_true(rog_mlflow_live_finish(live, 60));
    assert_int_equal(words[0], 1);
    the_rest_makes_it_whole(tracker);
}

static void a_run_that_is_left_is_killed(void **state)
{
    struct tracker *tracker = *state;
    tracker->takes_no_files = true;
    go_back(tracker);
    struct rog_mlflow_live *live = follow(tracker);
    begin(tracker);
    wait_for(tracker, 40 * 4 * 3, "RUNNING");
    assert_true(rog_mlflow_live_finish(live, 60));
    wait_for(tracker, 40 * 4 * 3, "KILLED");
    go_on(tracker, "done");
    the_rest_makes_it_whole(tracker);
}

/* A server that does not answer blocks no one. */
static void a_silent_server_blocks_nothing(void **state)
{
    struct tracker *tracker = *state;
    tracker->silent = true;
    begin(tracker);
    struct rog_mlflow_live *live = follow(tracker);
    double began_s = rog_clock_s();
    assert_false(rog_mlflow_live_finish(live, 0.5));
    assert_true(rog_clock_s() - began_s < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_case_arrives_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(repeating_adds_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broken_export_is_continued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_has_the_server_s_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_are_skipped_if_the_server_rejects_them, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(netrc_has_the_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_is_visible_while_it_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unreachable_server_gets_it_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_that_is_left_is_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_silent_server_blocks_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
