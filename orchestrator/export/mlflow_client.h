/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_MLFLOW_CLIENT_H
#define ROG_EXPORT_MLFLOW_CLIENT_H

/*
 * The part of MLflow's REST API (2.0) that an export needs. Errors of all functions: those of
 * http.h; ROG_EFAILED if the server refuses, with its own message; ROG_EFORMAT if it is not an
 * MLflow server.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>

/* Limits of the server for one request, and 1000 in total. */
#define ROG_MLFLOW_METRICS_MAX 900
#define ROG_MLFLOW_PARAMS_MAX 100
#define ROG_MLFLOW_TAGS_MAX 100

struct rog_mlflow_client;

struct rog_mlflow_access {
    const char *url;             /* of the tracking server, without /api */
    const char *token;           /* NULL: none */
    const char *user, *password; /* NULL: none; a token is preferred, ~/.netrc is used last */
    /* As in struct rog_http_request. */
    int silence_s; /* 0: two minutes */
    bool (*continues)(void *asked);
    void *asked;
};
/* The server (NULL: MLFLOW_TRACKING_URI) and the credentials, from the environment, because all
 * users of the machine can read arguments. url is NULL if it is not set. */
struct rog_mlflow_access rog_mlflow_access_of(const char *url);

int rog_mlflow_client_new(struct rog_mlflow_client **client, const struct rog_mlflow_access *access,
                          struct rog_error *err);
void rog_mlflow_client_free(struct rog_mlflow_client *client); /* accepts NULL */

/* Gets the id of the experiment with that name, which is created if missing. Heap memory. If it was
 * deleted, the error says how to restore it. */
int rog_mlflow_experiment(struct rog_mlflow_client *client, const char *name, char **id,
                          struct rog_error *err);

/* A run on the server. */
struct rog_mlflow_run {
    char *id, *artifact_uri;
    bool found;              /* it already existed */
    char *status;            /* RUNNING, FINISHED... */
    struct rog_json *tags;   /* name: value */
    struct rog_json *latest; /* the last step of each metric on the server: name: step */
};
void rog_mlflow_run_release(struct rog_mlflow_run *run);

/* Gets the run of the experiment whose tag has that value (only letters and digits), or creates one
 * with the tags [{"key", "value"}] and the name. Takes ownership of `tags`. */
int rog_mlflow_run_obtain(struct rog_mlflow_client *client, const char *experiment_id,
                          const char *tag, const char *value, const char *name, int64_t start_ms,
                          struct rog_json *tags, struct rog_mlflow_run *run, struct rog_error *err);

/* Arrays as in the API; NULL: none. Takes ownership of them. */
int rog_mlflow_log(struct rog_mlflow_client *client, const char *run_id, struct rog_json *metrics,
                   struct rog_json *params, struct rog_json *tags, struct rog_error *err);

#define ROG_MLFLOW_RUNNING "RUNNING"
#define ROG_MLFLOW_FINISHED "FINISHED"
#define ROG_MLFLOW_FAILED "FAILED"
#define ROG_MLFLOW_KILLED "KILLED"
/* end_ms 0: unknown. */
int rog_mlflow_set_status(struct rog_mlflow_client *client, const char *run_id, const char *status,
                          int64_t end_ms, struct rog_error *err);

/* Returns whether the server itself accepts files of this run. */
bool rog_mlflow_takes_files(const struct rog_mlflow_run *run);
/* Stores a file, or `size` bytes of text (then file is NULL), under a name of letters, digits, '.',
 * '_', '-' and '/', replacing an existing one. */
int rog_mlflow_put_file(struct rog_mlflow_client *client, const struct rog_mlflow_run *run,
                        const char *name, const char *file, const char *text, size_t size,
                        struct rog_error *err);

/* {"key": key, "value": value}, for parameters and tags. */
struct rog_json *rog_mlflow_pair(const char *key, const char *value);

#endif
