/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_HOSTS_STATE_H
#define ROG_POOL_HOSTS_STATE_H

/*
 * Hosts without a shared folder as agents of a pool: what the files of this provider share.
 *
 * Each host has a thread with its own connection (live.c) and its own pool in its cache folder,
 * pools/MARK-KEY. A keeper on the host (keeper.h) supervises agents that work on this pool. At
 * intervals the thread exchanges data with the host, by a single command (exchange.c): it sends
 * tasks and what to remove, and receives a listing and results.
 *
 * In the local pool, a task that a host has is taken by
 *     KEY_          it will be sent to the host, or waits there for an agent
 *     KEY_AGENT     that agent of the host executes it
 * so that these agents look like any others, and a controller that continues with the pool knows
 * which host has what. No other state is kept: a task that a host should not have is removed there,
 * and one that it lacks is sent again.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/conf/hosts_file.h>
#include <orchestrator/deploy/bundle.h>
#include <orchestrator/hosts/connection.h>
#include <orchestrator/pool/pool.h>
#include <orchestrator/pool/provider.h>

#define ROG_POOL_HOSTS_MARK_BYTES 17 /* 16 hexadecimal digits */
#define ROG_POOL_HOST_KEY_MAX 40

enum rog_pool_where {
    ROG_POOL_TO_SEND, /* the host does not have it yet, or has lost it */
    ROG_POOL_WAITS,   /* in ready/ on the host */
    ROG_POOL_RUNS_THERE,
    ROG_POOL_IS_DONE, /* in done/ on the host */
};

/* A task that a host has or will get. */
struct rog_pool_held {
    struct rog_pool_task task; /* as taken in the local pool */
    enum rog_pool_where where;
    char *agent;  /* the host's agent that executes it or has executed it; NULL: none yet */
    char *folder; /* local folder of a result that is being fetched; NULL: none */
    bool seen;    /* in the listing that is being read */
};

/* A tree of files on the host, identified by its contents. */
struct rog_pool_tree {
    char *hash, *folder;
};

struct rog_pool_message {
    struct rog_pool_message *next;
    char *text;
};

struct rog_pool_host {
    struct rog_pool_hosts *hosts;
    const struct rog_json *settings; /* from the cluster file */
    const char *name;
    char key[ROG_POOL_HOST_KEY_MAX + 1];
    pthread_t thread;
    bool has_thread;

    /* Used by the thread only. */
    struct rog_connection *connection;
    char *folder; /* the pool on the host */
    char *tree;   /* the bundle on the host */
    const struct rog_bundle *bundle;
    struct rog_pool_tree *trees; /* input files of runs */
    size_t tree_count;
    struct rog_json *drops; /* [names]: to be removed from the host's pool in the next exchange */
    long long counter;      /* of exchanges: written to the host's lease */
    double answered_s;      /* time of the host's last answer, of any kind */
    double heard_s;         /* time of the last valid answer */
    double looked_s;        /* time of the last check of holders and heartbeats */
    double beat_s;          /* time of the last heartbeat of KEY_ in the local pool */
    double pause_s;         /* before the next exchange or the next attempt to connect */
    double started_s;       /* when the keeper was started */
    size_t done, pace;      /* tasks since the last exchange; recent average of that */
    bool is_away;           /* its absence has been reported */
    bool is_listed;         /* its tasks have been listed */
    bool runs;              /* the keeper on the host runs */
    bool stopped;           /* its agents have been told to hand back their tasks */
    struct rog_json *alive; /* {agent: true}: those whose heartbeats were copied */

    /* Protected by the mutex. */
    struct rog_pool_held *held; /* [held_count] */
    size_t held_count, held_room;
    size_t slots;  /* 0: not known yet */
    size_t ahead;  /* tasks that may wait on the host */
    size_t recall; /* how many of its waiting tasks other hosts need */
    bool up;       /* agents work on it, or could */
    bool busy;     /* another process holds it for runs in real time */
    bool troubled; /* agents fail on it */
    bool out;      /* it is not used */
    bool over;     /* the thread is about to end */
    char machine[96];
};

struct rog_pool_hosts {
    const struct rog_pool_site *site;
    struct rog_hosts *file;
    const struct rog_cluster_kind *reached;
    struct rog_pool *pool; /* the provider's own handle */
    char *trainer;
    struct rog_bundle_cache *bundles;
    char mark[ROG_POOL_HOSTS_MARK_BYTES];
    struct rog_pool_host *host;
    size_t count;

    pthread_mutex_t mutex; /* also for moves in the local pool */
    pthread_cond_t changed;
    bool stop;  /* the threads have to end */
    bool clean; /* and to remove everything on the hosts, until until_s */
    double until_s;
    struct rog_error failure;   /* an error that ends the sweep; code 0: none */
    struct rog_pool_list ready; /* listed at listed_s; those before `next` are used */
    size_t next;
    double listed_s;
    struct rog_pool_message *messages, **messages_end;
};

/* hosts.c. Queues a sentence for the user, from any thread. */
void rog_pool_hosts_say(struct rog_pool_hosts *hosts, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Records an error that trying again cannot fix. */
void rog_pool_hosts_fail(struct rog_pool_hosts *hosts, const struct rog_error *cause);
/* Waits for wait_s, or until the threads have to end. Returns true for the latter. */
bool rog_pool_hosts_stopped(struct rog_pool_hosts *hosts, double wait_s);

/* live.c: the thread. `argument` is a struct rog_pool_host. */
void *rog_pool_host_live(void *argument);

/* place.c. Examines the host, copies the programs to it and creates its pool. */
int rog_pool_host_prepare(struct rog_pool_host *host, struct rog_error *err);
/* Starts the keeper on the host. */
int rog_pool_host_start(struct rog_pool_host *host, struct rog_error *err);
/* Call if the pool on the host is gone. It will be created again. */
void rog_pool_host_lose(struct rog_pool_host *host);
/* Stops and removes everything on the host. */
int rog_pool_host_clean(struct rog_pool_host *host, struct rog_error *err);

/* held.c: the tasks of a host. Call these with the mutex held. */
/* Loads the tasks that an earlier controller has given to the host. */
int rog_pool_held_load(struct rog_pool_host *host, struct rog_error *err);
/* Returns the local name of an agent of the host; NULL: of the host itself. Heap memory. */
char *rog_pool_held_agent(const struct rog_pool_host *host, const char *agent);
/* Finds the entry of a task, or NULL. */
struct rog_pool_held *rog_pool_held_find(struct rog_pool_host *host, const char *name);
/* Takes as many tasks from the local pool as the host may have. */
int rog_pool_held_take(struct rog_pool_host *host, struct rog_error *err);
/* Takes a task that the host has although it was not given to it, if it waits in the local pool.
 * NULL: others have it, or it is not needed any more. */
struct rog_pool_held *rog_pool_held_claim(struct rog_pool_host *host, const char *name);
/* Sets the agent that executes it, in the local pool; NULL: it waits. */
int rog_pool_held_rename(struct rog_pool_host *host, struct rog_pool_held *held, const char *agent,
                         struct rog_error *err);
/* Removes the entry: the host no longer has the task. */
void rog_pool_held_forget(struct rog_pool_host *host, struct rog_pool_held *held);
/* Return one task, or all tasks, to the local pool. */
void rog_pool_held_return(struct rog_pool_host *host, struct rog_pool_held *held);
void rog_pool_held_return_all(struct rog_pool_host *host);
/* Counts the host's tasks in that state. */
size_t rog_pool_held_count(const struct rog_pool_host *host, enum rog_pool_where where);
/* Gives waiting tasks of busy hosts to idle hosts. */
void rog_pool_hosts_balance(struct rog_pool_hosts *hosts);

/* task.c. Sends the task's input files to the host and returns the task for the host, a line of
 * text in heap memory. */
int rog_pool_host_task(struct rog_pool_host *host, const struct rog_pool_task *task, char **text,
                       struct rog_error *err);
void rog_pool_host_forget_trees(struct rog_pool_host *host);

/* exchange.c. */
int rog_pool_host_exchange(struct rog_pool_host *host, struct rog_error *err);
/* Requests the removal of a name from the host's pool. */
int rog_pool_host_drop(struct rog_pool_host *host, const char *place, const char *name,
                       const char *agent, struct rog_error *err);

/* answer.c. */
struct rog_pool_answer {
    const char *text;
    size_t size, at;
};
/* Returns the next line without its newline; NULL: there is none. Points into the text. */
const char *rog_pool_answer_line(struct rog_pool_answer *answer, size_t *length);
int rog_pool_host_answer(struct rog_pool_host *host, bool looks, struct rog_pool_answer *answer,
                         struct rog_error *err);
/* Removes the heartbeats of agents that had one before and are not in `alive`. Takes ownership of
 * `alive`. */
void rog_pool_host_end_beats(struct rog_pool_host *host, struct rog_json *alive);

/* result.c. */
/* Reads what follows the line "result/TASK@AGENT" (`name` is the part after the slash). When the
 * result is complete here, publishes it. A result that cannot be stored is published as a failure,
 * with the reason. Returns 1 if the rest of the answer cannot be read. */
int rog_pool_host_result(struct rog_pool_host *host, const char *name,
                         struct rog_pool_answer *answer, struct rog_error *err);

#endif
