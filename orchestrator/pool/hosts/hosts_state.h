/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_HOSTS_STATE_H
#define ROG_POOL_HOSTS_STATE_H

/*
 * Hosts without a shared folder as agents of a pool: what the files of this provider share.
 *
 * Each host has a thread with a connection of its own (live.c) and a pool of its own in its
 * cache folder, pools/MARK-KEY, in which agents work that a keeper there looks after (keeper.h).
 * Once in a while the thread exchanges with it, in one command (exchange.c): sends tasks and
 * what is to be removed, hears what is where, and gets results.
 *
 * In the pool here a task that a host has is taken by
 *     KEY_          it is to go there, or waits there for an agent
 *     KEY_AGENT     that agent of the host does it
 * so that whoever looks at the pool sees agents as anywhere, and a controller that takes the pool
 * up knows which host was given what. Nothing else is kept of it: what a host has and should not
 * have is removed there, what it should have and has not is sent again.
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
    ROG_POOL_TO_SEND, /* the host does not have it yet, or not any more */
    ROG_POOL_WAITS,   /* in ready/ there */
    ROG_POOL_RUNS_THERE,
    ROG_POOL_IS_DONE, /* in done/ there */
};

/* A task that a host has, or is to have. */
struct rog_pool_held {
    struct rog_pool_task task; /* as it is taken in the pool here */
    enum rog_pool_where where;
    char *agent;  /* of the host, who does it or has done it; NULL: nobody yet */
    char *folder; /* here, of a result that is on its way; NULL: none is */
    bool seen;    /* in the listing that is being read */
};

/* A tree of files there, by what is in it. */
struct rog_pool_tree {
    char *hash, *folder;
};

struct rog_pool_message {
    struct rog_pool_message *next;
    char *text;
};

struct rog_pool_host {
    struct rog_pool_hosts *hosts;
    const struct rog_json *settings; /* of the file */
    const char *name;
    char key[ROG_POOL_HOST_KEY_MAX + 1];
    pthread_t thread;
    bool has_thread;

    /* The thread's own. */
    struct rog_connection *connection;
    char *folder; /* the pool there */
    char *tree;   /* the bundle there */
    const struct rog_bundle *bundle;
    struct rog_pool_tree *trees; /* what runs read */
    size_t tree_count;
    struct rog_json *drops; /* [names]: of the pool there, to be removed in the next exchange */
    long long counter;      /* of exchanges: what the lease there says */
    double answered_s;      /* when it last answered, whatever it was */
    double heard_s;         /* when that was last what is expected of a host */
    double looked_s;        /* for who holds it, and for signs of life of its agents */
    double beat_s;          /* when KEY_ gave a sign of life here */
    double pause_s;         /* before the next exchange, or the next try to connect */
    double started_s;       /* when the keeper was started */
    size_t done, pace;      /* tasks since the last exchange; the same of late */
    bool is_away;           /* has been said */
    bool is_listed;         /* what it has is known */
    bool runs;              /* the keeper there does */
    bool stopped;           /* its agents are told to hand back what they do */
    struct rog_json *alive; /* {agent: true}: those whose signs of life were passed on */

    /* Under the mutex. */
    struct rog_pool_held *held; /* [held_count] */
    size_t held_count, held_room;
    size_t slots;  /* 0: not known yet */
    size_t ahead;  /* tasks that may wait there */
    size_t recall; /* so many of those that wait there are wanted elsewhere */
    bool up;       /* agents work there, or would */
    bool busy;     /* somebody holds it for runs in real time */
    bool troubled; /* agents fail there */
    bool out;      /* it takes no part */
    bool over;     /* the thread is about to end */
    char machine[96];
};

struct rog_pool_hosts {
    const struct rog_pool_site *site;
    struct rog_hosts *file;
    const struct rog_cluster_kind *reached;
    struct rog_pool *pool; /* a handle of its own */
    char *trainer;
    struct rog_bundle_cache *bundles;
    char mark[ROG_POOL_HOSTS_MARK_BYTES];
    struct rog_pool_host *host;
    size_t count;

    pthread_mutex_t mutex; /* also of what is moved in the pool here */
    pthread_cond_t changed;
    bool stop;  /* the threads are to end */
    bool clean; /* and to remove everything there, until until_s */
    double until_s;
    struct rog_error failure;   /* that ends the sweep; code 0: none */
    struct rog_pool_list ready; /* listed at listed_s; those before `next` are gone */
    size_t next;
    double listed_s;
    struct rog_pool_message *messages, **messages_end;
};

/* hosts.c. A sentence for people, from any thread. */
void rog_pool_hosts_say(struct rog_pool_hosts *hosts, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What no other try can change. */
void rog_pool_hosts_fail(struct rog_pool_hosts *hosts, const struct rog_error *cause);
/* Waits until the threads are to end (true), or for so long. */
bool rog_pool_hosts_stopped(struct rog_pool_hosts *hosts, double wait_s);

/* live.c: the thread. `argument` is a struct rog_pool_host. */
void *rog_pool_host_live(void *argument);

/* place.c. Finds out what the host is, brings the programs there and makes the pool. */
int rog_pool_host_prepare(struct rog_pool_host *host, struct rog_error *err);
/* Has the keeper started there. */
int rog_pool_host_start(struct rog_pool_host *host, struct rog_error *err);
/* The pool there is gone: it is made anew. */
void rog_pool_host_lose(struct rog_pool_host *host);
/* Ends and removes everything there. */
int rog_pool_host_clean(struct rog_pool_host *host, struct rog_error *err);

/* held.c: what a host has. Under the mutex of all. */
/* Those that were given to it by a controller before this one. */
int rog_pool_held_load(struct rog_pool_host *host, struct rog_error *err);
/* How an agent of the host is called here, NULL: none, the host itself. Heap memory. */
char *rog_pool_held_agent(const struct rog_pool_host *host, const char *agent);
/* The place of a task, or NULL. */
struct rog_pool_held *rog_pool_held_find(struct rog_pool_host *host, const char *name);
/* Takes tasks out of the pool here, as many as the host may have. */
int rog_pool_held_take(struct rog_pool_host *host, struct rog_error *err);
/* Takes one that the host has although nobody has given it to it, if it waits here. NULL: others
 * have it, or nobody wants it any more. */
struct rog_pool_held *rog_pool_held_claim(struct rog_pool_host *host, const char *name);
/* Names who does it there in the pool here; NULL: it waits. */
int rog_pool_held_rename(struct rog_pool_host *host, struct rog_pool_held *held, const char *agent,
                         struct rog_error *err);
/* It is not this host's any more. */
void rog_pool_held_forget(struct rog_pool_host *host, struct rog_pool_held *held);
/* Gives one back to the pool here, or all. */
void rog_pool_held_return(struct rog_pool_host *host, struct rog_pool_held *held);
void rog_pool_held_return_all(struct rog_pool_host *host);
/* How many are there in that state. */
size_t rog_pool_held_count(const struct rog_pool_host *host, enum rog_pool_where where);
/* Lets hosts with nothing to do have what waits at others. */
void rog_pool_hosts_balance(struct rog_pool_hosts *hosts);

/* task.c. The task as the host is to have it, one line of text (heap memory), after what it
 * reads was brought there. */
int rog_pool_host_task(struct rog_pool_host *host, const struct rog_pool_task *task, char **text,
                       struct rog_error *err);
void rog_pool_host_forget_trees(struct rog_pool_host *host);

/* exchange.c. */
int rog_pool_host_exchange(struct rog_pool_host *host, struct rog_error *err);
/* A name of the pool there is to be removed. */
int rog_pool_host_drop(struct rog_pool_host *host, const char *place, const char *name,
                       const char *agent, struct rog_error *err);

/* answer.c. */
struct rog_pool_answer {
    const char *text;
    size_t size, at;
};
/* The next line without its end, NULL: there is none. It stays where it is. */
const char *rog_pool_answer_line(struct rog_pool_answer *answer, size_t *length);
int rog_pool_host_answer(struct rog_pool_host *host, bool looks, struct rog_pool_answer *answer,
                         struct rog_error *err);
/* Of agents that said something before and are not among these; takes `alive` over. */
void rog_pool_host_end_beats(struct rog_pool_host *host, struct rog_json *alive);

/* result.c. */
/* Reads what follows the line "result/TASK@AGENT" (`name` behind the slash) and, when the result is
 * whole here, publishes it. One that cannot be stored is published as a failure, with the reason.
 * 1: the rest of the answer cannot be read any more. */
int rog_pool_host_result(struct rog_pool_host *host, const char *name,
                         struct rog_pool_answer *answer, struct rog_error *err);

#endif
