/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SURVEY_HOSTS_H
#define ROG_SURVEY_HOSTS_H

/*
 * The hosts of a cluster while something is measured on them: each has a connection, the deployed
 * trainer, and a folder of its own beside those of runs, so that `rogctl doctor` finds and removes
 * remains of it like those of a run.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <common/scratch.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/deploy/bundle.h>
#include <orchestrator/hosts/connection.h>
#include <rog/error.h>

struct rog_credentials; /* ssh/credentials.h */

struct rog_survey_options {
    const struct rog_cluster *cluster;   /* of a kind with hosts */
    struct rog_credentials *credentials; /* ask the user for passphrases; NULL: never ask */
    const char *trainer;                 /* path of rog-trainer on this machine */
    const char *what;                    /* what is measured, for names of folders */
    /* Returns true if the measurement is to stop; called by any thread. */
    bool (*stopped)(void *user);
    void *user;
};

struct rog_survey_host {
    const struct rog_survey_options *options;
    struct rog_survey_hosts *all;
    size_t rank; /* 0: the server */
    const struct rog_json *settings;
    const char *name;                  /* as in the cluster file */
    char title[96];                    /* "worker 2 (10.42.0.3)" */
    struct rog_connection *connection; /* NULL: not connected */
    char *program;                     /* path on the host of rog-trainer; NULL: not deployed yet */
    char *folder;                      /* path on the host; NULL: not created yet */
    long pid;                          /* on the host: the process started last */
    struct rog_error cause;            /* error of the last visit */
};

struct rog_survey_hosts {
    struct rog_survey_options options;
    struct rog_bundle_cache *cache;
    char *name;                 /* of the folders on hosts */
    struct rog_scratch scratch; /* on this machine: files for the hosts */
    char *key;                  /* path in `scratch` of the token that all hosts get */
    /* set: calls to hosts continue although options.stopped returns true, to fetch what was
     * measured and to clean up */
    atomic_bool patient;
    struct rog_survey_host *host; /* [count]: 0 the server, then the workers */
    size_t count;
};

/* Connects to nothing yet. ROG_EINVAL: the cluster has no hosts. Close it also after an error. */
int rog_survey_open(struct rog_survey_hosts *hosts, const struct rog_survey_options *options,
                    struct rog_error *err);
void rog_survey_close(struct rog_survey_hosts *hosts);

/* Visits the hosts from `first` on in parallel, each in a thread. Returns the first error, with the
 * host's title; each host's own error is its `cause`. */
int rog_survey_each(struct rog_survey_hosts *hosts, size_t first,
                    int (*visit)(struct rog_survey_host *host, struct rog_error *err),
                    struct rog_error *err);

/* Visits. Connects if there is no connection, or it was lost. */
int rog_survey_connect(struct rog_survey_host *host, struct rog_error *err);
int rog_survey_disconnect(struct rog_survey_host *host, struct rog_error *err);
/* Connects and deploys the trainer. ROG_EBUSY: a sweep is using the host. */
int rog_survey_deploy(struct rog_survey_host *host, struct rog_error *err);
/* The same, and creates the folder with the token and a lease. */
int rog_survey_place(struct rog_survey_host *host, struct rog_error *err);
/* Renews the lease. */
int rog_survey_renew(struct rog_survey_host *host, struct rog_error *err);
/* Stops what is running in the folder and removes it; no effect if there is none. */
int rog_survey_remove(struct rog_survey_host *host, struct rog_error *err);

/* Starts the trainer with `arguments` (ending with NULL, at most 30) in the background, and waits
 * until its state.json reports that it is running. ROG_EFAILED with the trainer's message. */
int rog_survey_start(struct rog_survey_host *host, const char *const *arguments,
                     struct rog_error *err);
/* Runs the trainer with `arguments` and waits for it; *output is heap memory. */
int rog_survey_run(struct rog_survey_host *host, const char *const *arguments, double timeout_s,
                   char **output, struct rog_error *err);
/* Gets "state" of state.json on the host: "" if there is none; `message` is its error. */
int rog_survey_state(struct rog_survey_host *host, char state[16],
                     char message[ROG_ERROR_MESSAGE_BYTES], struct rog_error *err);

/* The address of the server for this worker, "HOST:PORT". Heap memory. */
char *rog_survey_server(const struct rog_survey_host *host);

#endif
