/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_STATE_H
#define ROG_PROGRAMS_STATE_H

/*
 * State shared by the files of programs.c. A process hosts one worker or several, each with its own
 * connection; one worker of a process computes at a time, in the order in which they were given
 * control. `programs_wait` is the only function that waits.
 */

#include <trainer/programs/programs.h>

#include <common/process.h>
#include <librog/virtual/protocol.h>
#include <common/family.h>
#include <trainer/programs/guard.h>
#include <trainer/programs/program_log.h>
#include <trainer/programs/region.h>

#define NAME_BYTES 64
#define WHO_BYTES 128
#define PENDING 64 /* connections that have not sent a hello */

enum standing {
    STANDING_AWAITED, /* has not sent a hello */
    STANDING_WAITING, /* waits for the cluster to give it control */
    STANDING_QUEUED,  /* gets control as soon as possible */
    STANDING_COMPUTING,
    STANDING_ASKING,  /* has control, and waits for an answer about its state */
    STANDING_BROUGHT, /* has returned control; the result has not been read */
    STANDING_TOLD,    /* knows that the run is over */
};

struct worker {
    uint32_t rank;
    struct child *child; /* NULL: the worker is not a program */
    int fd;              /* its connection, -1: none */
    enum standing standing;
    bool started;             /* START has been sent */
    bool finishes;            /* it has sent FINISH */
    bool broke_off;           /* its connection was closed while it computed */
    bool taken;               /* the result of its turn has been read */
    bool resumed;             /* it continues from the state that it has kept */
    bool drops;               /* its next result is dropped, as it was read before the snapshot */
    bool asked_to_keep, kept; /* in this turn */
    bool aside;               /* it has made a request in this turn, or got the answer */
    float *handed;   /* copy of its model when it got control and was asked to keep its state;
                        NULL: not yet */
    float *now;      /* in a snapshot: its model of that moment, if its result had been read */
    double closed_s; /* time when the connection was closed; 0: it is open, or there was none */
    double since_s;  /* time since when it has control */
    uint64_t order;  /* position in the queue */
    struct rog_region region;
    struct rog_json *hello; /* kept until it has been compared */
    struct rog_layout *layout;
    struct rog_programs_turn turn;
    struct rog_virtual_message message; /* its result or request */
    enum rog_programs_kind result;      /* the kind of its result, if it has one */
    /* [trained tensors] */
    const float **gradients;
    struct rog_rule *rules;
    bool *given;
};

struct child {
    uint32_t first, count; /* workers that it hosts, `first` counted from 0 */
    struct rog_process process;
    bool started, ended;
    bool computes;   /* true if one of its workers computes */
    uint32_t joined; /* number of its workers that have joined */
    double since_s;  /* time when it was started, or a worker of it last joined */
    struct rog_program_log log;
};

struct pending {
    int fd;              /* -1: unused */
    struct child *child; /* the process at the other end; NULL: of no program */
};

struct rog_programs {
    struct rog_programs_options how;
    char name[NAME_BYTES];      /* of the socket */
    char mark[NAME_BYTES + 32]; /* in the environment of all programs */
    int listener, watch;        /* watch: the epoll descriptor */
    struct rog_watchdog guard;
    struct rog_family spared; /* children of this process that are not programs */
    pid_t *groups;            /* [group_count] process groups that the guard knows besides those
                                 of the children */
    size_t group_count;
    struct worker *workers; /* [count]; includes workers that are not programs */
    uint32_t count;
    struct child *children;
    uint32_t child_count;
    struct pending pending[PENDING];
    uint32_t joined, told;        /* workers that have sent a hello, and that know that the run
                                     is over */
    struct worker *first;         /* the first worker of the run that is a program */
    const struct rog_json *hello; /* settings that all must have in common; NULL: not known yet */
    const struct rog_layout *layout;
    struct rog_json *brought_hello; /* owns `hello` if the first program has sent it */
    struct rog_layout *brought_layout;
    char owner[WHO_BYTES]; /* names the layout's origin in messages */
    uint32_t computing;    /* number of workers that compute */
    uint64_t orders;
    const struct worker *wanted; /* the worker whose result is awaited */
    bool ending;
    bool keeps;              /* programs must keep their state */
    struct rog_error unkept; /* why a program does not; code 0: none has refused */
    bool disturbed;          /* a connection or an output was closed: a process may have ended */
    double memory_limit;     /* bytes */
    double checked_s, measured_s; /* times of the last check and measurement */
};

/* Returns whether a result is a request within a turn, which continues afterwards. */
static inline bool programs_is_aside(enum rog_programs_kind kind)
{
    return kind == ROG_PROGRAMS_TRANSFER || kind == ROG_PROGRAMS_SETTLE;
}

/* Kinds of sources of events, for programs_watch. */
enum source { SOURCE_LISTENER, SOURCE_PENDING, SOURCE_WORKER, SOURCE_OUTPUT };

/* ---- programs_child.c: processes ---- */

int programs_children_new(struct rog_programs *programs, struct rog_error *err);
/* Starts programs as long as fewer than at_once of them have not joined. */
int programs_children_start(struct rog_programs *programs, struct rog_error *err);
/* Reads its output. */
void programs_child_drain(struct rog_programs *programs, struct child *child);
/* Returns the child with this process; NULL: none. */
struct child *programs_child_with(struct rog_programs *programs, pid_t pid);
/* Returns the child that a process is or descends from; NULL: none. */
struct child *programs_child_of(struct rog_programs *programs, pid_t pid);
/* The same, in a list of processes. */
struct child *programs_child_in(struct rog_programs *programs, const struct rog_family *family,
                                pid_t pid);
/* Names the program: "worker 3's program", or "the program of workers 1 to 16". */
const char *programs_who(const struct rog_programs *programs, const struct child *child,
                         char who[WHO_BYTES]);
/* Fails with ROG_EFAILED: `who` has done `what`, its last output, and where its log is. */
int programs_fail(const struct child *child, const char *who, const char *what,
                  struct rog_error *err);

/* ---- programs_watch.c: failures ---- */

/* ROG_EFAILED if a program has ended, closed its connection, or takes too much time or memory. */
int programs_check(struct rog_programs *programs, struct rog_error *err);

/* ---- programs_peer.c: connections ---- */

int programs_listen(struct rog_programs *programs, struct rog_error *err);
int programs_accept(struct rog_programs *programs, struct rog_error *err);
/* Handles the first message of a connection. */
int programs_greet(struct rog_programs *programs, struct pending *pending, struct rog_error *err);

/* ---- programs_turn.c: control ---- */

/* Handles the end of a worker's connection. */
void programs_hang_up(struct rog_programs *programs, struct worker *worker);
/* Handles the messages of a worker. */
int programs_hear(struct rog_programs *programs, struct worker *worker, struct rog_error *err);
/* Gives control to as many workers as may compute. */
int programs_dispatch(struct rog_programs *programs, struct rog_error *err);

/* ---- programs_keep.c: snapshots ---- */

/* Called when a worker gets control: sets *flags of the message that gives it. ROG_ENOMEM. */
int programs_ask_to_keep(struct rog_programs *programs, struct worker *worker, uint32_t *flags,
                         struct rog_error *err);
/* Handles a message of the program that it has kept its state, or why not. */
int programs_take_kept(struct rog_programs *programs, struct worker *worker, struct rog_error *err);
/* Called when the program has returned control without having kept its state. */
void programs_miss_kept(struct rog_programs *programs, struct worker *worker);

/* ---- programs_wait.c ---- */

int programs_watch(struct rog_programs *programs, int fd, enum source source, size_t index,
                   struct rog_error *err);
/* Waits a short time for events and handles them. ROG_EINTR. */
int programs_wait(struct rog_programs *programs, struct rog_error *err);

#endif
