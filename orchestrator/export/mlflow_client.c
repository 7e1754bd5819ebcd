/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the requests to MLflow's REST API. */
#include <orchestrator/export/mlflow_client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <orchestrator/text/label.h>
#include <orchestrator/http/http.h>

#define SILENCE_S 120 /* a server with SQLite needs a long time for a thousand metrics */
#define CAUSE_CHARACTERS 300
#define PROXIED "mlflow-artifacts:/"

struct rog_mlflow_client {
    struct rog_http *http;
    char *url; /* without a slash at its end */
    char *authorization;
    struct rog_mlflow_access access; /* texts are borrowed */
};

/* Returns the variable's value; an empty one counts as not set. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

struct rog_mlflow_access rog_mlflow_access_of(const char *url)
{
    return (struct rog_mlflow_access){.url = url ? url : environment("MLFLOW_TRACKING_URI"),
                                      .token = environment("MLFLOW_TRACKING_TOKEN"),
                                      .user = environment("MLFLOW_TRACKING_USERNAME"),
                                      .password = environment("MLFLOW_TRACKING_PASSWORD")};
}

struct rog_json *rog_mlflow_pair(const char *key, const char *value)
{
    struct rog_json *pair = rog_json_object();
    rog_json_put_string(pair, "key", key);
    rog_json_put_string(pair, "value", value ? value : "");
    return pair;
}

int rog_mlflow_client_new(struct rog_mlflow_client **client, const struct rog_mlflow_access *access,
                          struct rog_error *err)
{
    *client = NULL;
    for (const char *c = access->token; c && *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 127)
            return rog_fail(
                err, ROG_EINVAL,
                "MLFLOW_TRACKING_TOKEN contains a space or a control character: it is not "
                "a token");
    if (strncasecmp(access->url, "http://", 7) != 0 && strncasecmp(access->url, "https://", 8) != 0)
        return rog_fail(err, ROG_EINVAL,
                        "\"%s\" is not a tracking server of MLflow: its URL looks like "
                        "http://HOST:5000",
                        access->url);
    int valid = rog_http_check_url(access->url, err);
    if (valid < 0)
        return valid;
    struct rog_mlflow_client *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    size_t length = strlen(access->url);
    while (length && access->url[length - 1] == '/')
        length--;
    made->url = strndup(access->url, length);
    made->access = *access;
    if (access->token)
        made->authorization = rog_format("Authorization: Bearer %s", access->token);
    int code = made->url && (made->authorization || !access->token) ? 0 : rog_fail_nomem(err);
    if (!code)
        code = rog_http_new(&made->http, err);
    if (code)
        rog_mlflow_client_free(made);
    else
        *client = made;
    return code;
}

void rog_mlflow_client_free(struct rog_mlflow_client *client)
{
    if (!client)
        return;
    rog_http_free(client->http);
    free(client->authorization);
    free(client->url);
    free(client);
}

/* --- one call --- */

/* Fails with the server's message, on one line. */
static int fail_refused(const struct rog_mlflow_client *client,
                        const struct rog_http_response *response, const struct rog_json *answer,
                        struct rog_error *err)
{
    char status[64];
    rog_http_status_text(response->status, status, sizeof status);
    const char *error_code = rog_json_get_string(answer, "error_code", "");
    char *words = rog_label_clean(rog_json_get_string(answer, "message", ""), CAUSE_CHARACTERS);
    bool access = response->status == 401 || response->status == 403;
    int code = rog_fail(err, ROG_EFAILED, "%s: the server answers %s%s%s%s%s%s", client->url,
                        status, error_code[0] ? " " : "", error_code, words && words[0] ? ": " : "",
                        words ? words : "",
                        access ? " (MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and "
                                 "MLFLOW_TRACKING_PASSWORD, or ~/.netrc, give credentials)"
                               : "");
    free(words);
    return code;
}

static int perform(struct rog_mlflow_client *client, struct rog_http_request *request,
                   const char *type, struct rog_http_response *response, struct rog_error *err)
{
    char content_type[80];
    snprintf(content_type, sizeof content_type, "Content-Type: %s", type);
    const char *const headers[] = {content_type, client->authorization, NULL};
    request->headers = headers;
    if (!client->authorization) {
        request->user = client->access.user;
        request->password = client->access.password;
        request->netrc = true;
    }
    request->silence_s = client->access.silence_s ? client->access.silence_s : SILENCE_S;
    request->continues = client->access.continues;
    request->asked = client->access.asked;
    return rog_http_request(client->http, request, response, err);
}

/* Calls `path` (with its query) and takes ownership of `question`, which is sent with POST; NULL:
 * GET. *answer is an object to be freed; *missing is set instead of an error if the server does not
 * have what was asked for (NULL: that is an error, too). */
static int call(struct rog_mlflow_client *client, const char *path, struct rog_json *question,
                struct rog_json **answer, bool *missing, struct rog_error *err)
{
    struct rog_http_response response = {0};
    char *url = rog_format("%s/api/2.0/mlflow/%s", client->url, path);
    char *text = question ? rog_json_text(question) : NULL;
    *answer = NULL;
    int code = url && (text || !question) ? 0 : rog_fail_nomem(err);
    rog_json_free(question);
    struct rog_http_request request = {.method = text ? "POST" : NULL,
                                       .url = url,
                                       .body = text,
                                       .body_bytes = text ? strlen(text) : 0};
    if (!code)
        code = perform(client, &request, "application/json", &response, err);
    bool understood = !code &&
                      rog_json_parse(response.body, response.size, url, answer, NULL) == 0 &&
                      rog_json_is_object(*answer);
    const char *error_code = rog_json_get_string(*answer, "error_code", "");
    if (!code && missing && strcmp(error_code, "RESOURCE_DOES_NOT_EXIST") == 0)
        *missing = true;
    else if (!code && response.status != 200)
        code = fail_refused(client, &response, understood ? *answer : NULL, err);
    else if (!code && !understood)
        code =
            rog_fail(err, ROG_EFORMAT,
                     "%s: the server there does not implement the REST API of MLflow", client->url);
    if (code) {
        rog_json_free(*answer);
        *answer = NULL;
    }
    rog_http_response_release(&response);
    free(text);
    free(url);
    return code;
}

/* Encodes everything except letters, digits and "-._~" as %XX. */
static char *percent_encode(const char *text)
{
    char *encoded = malloc(3 * strlen(text) + 1), *next = encoded;
    for (; encoded && *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     strchr("-._~", c);
        next += sprintf(next, plain ? "%c" : "%%%02X", c);
    }
    if (encoded)
        *next = '\0';
    return encoded;
}

/* --- experiments --- */

static int create_experiment(struct rog_mlflow_client *client, const char *name, char **id,
                             struct rog_error *err)
{
    struct rog_json *question = rog_json_object(), *answer = NULL;
    rog_json_put_string(question, "name", name);
    int code = call(client, "experiments/create", question, &answer, NULL, err);
    if (code)
        return code;
    *id = rog_strdup(rog_json_get_string(answer, "experiment_id", ""));
    rog_json_free(answer);
    return *id ? 0 : rog_fail_nomem(err);
}

int rog_mlflow_experiment(struct rog_mlflow_client *client, const char *name, char **id,
                          struct rog_error *err)
{
    struct rog_json *answer = NULL;
    bool missing = false;
    *id = NULL;
    char *encoded = percent_encode(name);
    char *path = encoded ? rog_format("experiments/get-by-name?experiment_name=%s", encoded) : NULL;
    int code = path ? call(client, path, NULL, &answer, &missing, err) : rog_fail_nomem(err);
    const struct rog_json *found = rog_json_get(answer, "experiment");
    if (!code && missing) {
        code = create_experiment(client, name, id, err);
    } else if (!code &&
               strcmp(rog_json_get_string(found, "lifecycle_stage", "active"), "deleted") == 0) {
        code = rog_fail(err, ROG_EFAILED,
                        "%s: the experiment \"%s\" is deleted there; restore it with `mlflow "
                        "experiments restore -x %s`, or let `mlflow gc` remove it",
                        client->url, name, rog_json_get_string(found, "experiment_id", ""));
    } else if (!code) {
        *id = rog_strdup(rog_json_get_string(found, "experiment_id", ""));
        code = *id ? 0 : rog_fail_nomem(err);
    }
    if (!code && !(*id)[0])
        code = rog_fail(err, ROG_EFORMAT, "%s: the experiment \"%s\" has no id", client->url, name);
    rog_json_free(answer);
    free(path);
    free(encoded);
    return code;
}

/* --- runs --- */

void rog_mlflow_run_release(struct rog_mlflow_run *run)
{
    free(run->id);
    free(run->artifact_uri);
    free(run->status);
    rog_json_free(run->tags);
    rog_json_free(run->latest);
    *run = (struct rog_mlflow_run){0};
}

static int take_run(const struct rog_mlflow_client *client, const struct rog_json *answer,
                    struct rog_mlflow_run *run, struct rog_error *err)
{
    const struct rog_json *info = rog_json_get(answer, "info");
    const struct rog_json *data = rog_json_get(answer, "data");
    const struct rog_json *tags = rog_json_get(data, "tags");
    const struct rog_json *metrics = rog_json_get(data, "metrics");
    const char *id = rog_json_get_string(info, "run_id", NULL);
    if (!id)
        return rog_fail(err, ROG_EFORMAT, "%s: a run has no id", client->url);
    run->id = rog_strdup(id);
    run->artifact_uri = rog_strdup(rog_json_get_string(info, "artifact_uri", ""));
    run->status = rog_strdup(rog_json_get_string(info, "status", ""));
    run->tags = rog_json_object();
    run->latest = rog_json_object();
    if (!run->id || !run->artifact_uri || !run->status || !run->tags || !run->latest)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < rog_json_size(tags); i++) {
        const struct rog_json *tag = rog_json_at(tags, i);
        const char *key = rog_json_get_string(tag, "key", NULL);
        if (key)
            rog_json_put_string(run->tags, key, rog_json_get_string(tag, "value", ""));
    }
    for (size_t i = 0; i < rog_json_size(metrics); i++) {
        const struct rog_json *metric = rog_json_at(metrics, i);
        const char *key = rog_json_get_string(metric, "key", NULL);
        if (key)
            rog_json_put_integer(run->latest, key, rog_json_get_integer(metric, "step", 0));
    }
    return 0;
}

static int find_run(struct rog_mlflow_client *client, const char *experiment_id, const char *tag,
                    const char *value, struct rog_mlflow_run *run, struct rog_error *err)
{
    char filter[256];
    struct rog_json *question = rog_json_object(), *ids = rog_json_array(), *answer = NULL;
    snprintf(filter, sizeof filter, "tags.`%s` = '%s'", tag, value);
    rog_json_append(ids, rog_json_new_string(experiment_id));
    rog_json_put(question, "experiment_ids", ids);
    rog_json_put_string(question, "filter", filter);
    rog_json_put_integer(question, "max_results", 1);
    int code = call(client, "runs/search", question, &answer, NULL, err);
    const struct rog_json *runs = rog_json_get(answer, "runs");
    if (!code && rog_json_size(runs)) {
        code = take_run(client, rog_json_at(runs, 0), run, err);
        run->found = true;
    }
    rog_json_free(answer);
    return code;
}

int rog_mlflow_run_obtain(struct rog_mlflow_client *client, const char *experiment_id,
                          const char *tag, const char *value, const char *name, int64_t start_ms,
                          struct rog_json *tags, struct rog_mlflow_run *run, struct rog_error *err)
{
    struct rog_json *answer = NULL;
    *run = (struct rog_mlflow_run){0};
    int code = find_run(client, experiment_id, tag, value, run, err);
    if (code || run->found) {
        rog_json_free(tags);
    } else {
        struct rog_json *question = rog_json_object();
        rog_json_append(tags, rog_mlflow_pair(tag, value));
        rog_json_put_string(question, "experiment_id", experiment_id);
        rog_json_put_string(question, "run_name", name);
        rog_json_put_integer(question, "start_time", start_ms);
        rog_json_put(question, "tags", tags);
        code = call(client, "runs/create", question, &answer, NULL, err);
        if (!code)
            code = take_run(client, rog_json_get(answer, "run"), run, err);
        rog_json_free(answer);
    }
    if (code)
        rog_mlflow_run_release(run);
    return code;
}

int rog_mlflow_log(struct rog_mlflow_client *client, const char *run_id, struct rog_json *metrics,
                   struct rog_json *params, struct rog_json *tags, struct rog_error *err)
{
    struct rog_json *question = rog_json_object(), *answer = NULL;
    rog_json_put_string(question, "run_id", run_id);
    if (metrics)
        rog_json_put(question, "metrics", metrics);
    if (params)
        rog_json_put(question, "params", params);
    if (tags)
        rog_json_put(question, "tags", tags);
    int code = call(client, "runs/log-batch", question, &answer, NULL, err);
    rog_json_free(answer);
    return code;
}

int rog_mlflow_set_status(struct rog_mlflow_client *client, const char *run_id, const char *status,
                          int64_t end_ms, struct rog_error *err)
{
    struct rog_json *question = rog_json_object(), *answer = NULL;
    rog_json_put_string(question, "run_id", run_id);
    rog_json_put_string(question, "status", status);
    if (end_ms)
        rog_json_put_integer(question, "end_time", end_ms);
    int code = call(client, "runs/update", question, &answer, NULL, err);
    rog_json_free(answer);
    return code;
}

/* --- files --- */

/* Returns the path of a run's files below the server's own artifacts; NULL if they are stored
 * elsewhere. */
static const char *artifact_root(const struct rog_mlflow_run *run)
{
    if (strncmp(run->artifact_uri, PROXIED, strlen(PROXIED)) != 0)
        return NULL;
    const char *root = run->artifact_uri + strlen(PROXIED);
    if (root[0] != '/')
        return root;
    root = strchr(root + 1, '/'); /* mlflow-artifacts://host/path */
    return root ? root + 1 : NULL;
}

bool rog_mlflow_takes_files(const struct rog_mlflow_run *run)
{
    return artifact_root(run) != NULL;
}

int rog_mlflow_put_file(struct rog_mlflow_client *client, const struct rog_mlflow_run *run,
                        const char *name, const char *file, const char *text, size_t size,
                        struct rog_error *err)
{
    struct rog_http_response response = {0};
    char *url = rog_format("%s/api/2.0/mlflow-artifacts/artifacts/%s/%s", client->url,
                           artifact_root(run), name);
    struct rog_http_request request = {.method = "PUT",
                                       .url = url,
                                       .body = file ? NULL : text,
                                       .body_bytes = size,
                                       .body_file = file};
    int code = url ? perform(client, &request, "application/octet-stream", &response, err)
                   : rog_fail_nomem(err);
    if (!code && response.status != 200 && response.status != 201 && response.status != 204) {
        struct rog_json *answer = NULL;
        if (rog_json_parse(response.body, response.size, url, &answer, NULL) != 0)
            answer = NULL;
        code = fail_refused(client, &response, answer, err);
        rog_fail_prefix(err, "%s", name);
        rog_json_free(answer);
    }
    rog_http_response_release(&response);
    free(url);
    return code;
}
