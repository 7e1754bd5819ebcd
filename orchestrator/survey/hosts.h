/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SURVEY_HOSTS_H
#define ROG_SURVEY_HOSTS_H

/*
 * The hosts of a cluster while something is measured on them: each with a connection, the deployed
 * trainer, and a folder of its own beside those of runs, so that `rogctl doctor` sees and removes
 * what is left of it like what is left of a run.
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
    const struct rog_cluster *cluster;   /* of a kind that has hosts */
    struct rog_credentials *credentials; /* of people's answers; NULL: nobody is asked */
    const char *trainer;                 /* path of rog-trainer here */
    const char *what;                    /* what is measured, in folders' names */
    bool (*stopped)(void *user);         /* nobody wants it any more; asked by any thread */
    void *user;
};

struct rog_survey_host {
    const struct rog_survey_options *options;
    struct rog_survey_hosts *all;
    size_t rank; /* 0: the server */
    const struct rog_json *settings;
    const char *name;                  /* as in the cluster file */
    char title[96];                    /* "worker 2 (10.42.0.3)" */
    struct rog_connection *connection; /* NULL: none now */
    char *program;                     /* there: rog-trainer; NULL: not deployed yet */
    char *folder;                      /* there; NULL: not made */
    long pid;                          /* there: what was started last */
    struct rog_error cause;            /* of the last visit */
};

struct rog_survey_hosts {
    struct rog_survey_options options;
    struct rog_bundle_cache *cache;
    char *name;                   /* of folders */
    struct rog_scratch scratch;   /* here: files for the hosts */
    char *key;                    /* of them: with a token that all hosts get */
    atomic_bool patient;          /* calls to hosts do not end when options.stopped is true: what
                                     was measured is fetched, and what is left there removed */
    struct rog_survey_host *host; /* [count]: 0 the server, then the workers */
    size_t count;
};

/* Nothing is connected yet. ROG_EINVAL: the cluster has no hosts. Close it in any case. */
int rog_survey_open(struct rog_survey_hosts *hosts, const struct rog_survey_options *options,
                    struct rog_error *err);
void rog_survey_close(struct rog_survey_hosts *hosts);

/* Visits hosts from `first` on, all at once, a thread each. The first error, with the host's title;
 * each host's own is its `cause`. */
int rog_survey_each(struct rog_survey_hosts *hosts, size_t first,
                    int (*visit)(struct rog_survey_host *host, struct rog_error *err),
                    struct rog_error *err);

/* Visits. Connects where there is no connection, or it is lost. */
int rog_survey_connect(struct rog_survey_host *host, struct rog_error *err);
int rog_survey_disconnect(struct rog_survey_host *host, struct rog_error *err);
/* Connects and brings the trainer there. ROG_EBUSY: a sweep holds the host. */
int rog_survey_deploy(struct rog_survey_host *host, struct rog_error *err);
/* The same, and makes the folder with the token and a lease. */
int rog_survey_place(struct rog_survey_host *host, struct rog_error *err);
/* Renews the lease. */
int rog_survey_renew(struct rog_survey_host *host, struct rog_error *err);
/* Ends what runs there and removes the folder; harmless where there is none. */
int rog_survey_remove(struct rog_survey_host *host, struct rog_error *err);

/* Starts the trainer with `arguments` (up to NULL, at most 30) in the background, and waits until
 * its state.json says that it runs. ROG_EFAILED: what it said instead. */
int rog_survey_start(struct rog_survey_host *host, const char *const *arguments,
                     struct rog_error *err);
/* Runs the trainer with `arguments` and waits for it; *output is heap memory. */
int rog_survey_run(struct rog_survey_host *host, const char *const *arguments, double timeout_s,
                   char **output, struct rog_error *err);
/* "state" of state.json there: "" where there is none; `message` is what it failed for. */
int rog_survey_state(struct rog_survey_host *host, char state[16],
                     char message[ROG_ERROR_MESSAGE_BYTES], struct rog_error *err);

/* Where this worker reaches the server, "HOST:PORT". Heap memory. */
char *rog_survey_server(const struct rog_survey_host *host);

#endif
