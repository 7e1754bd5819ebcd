/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_STATE_H
#define ROG_PROGRAMS_STATE_H

/*
 * What the files of programs.c share. A process hosts one worker or several, each with a connection
 * of its own; of a process one worker computes at a time, in the order in which they were handed
 * control. `programs_wait` is the only place that waits.
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
#define PENDING 64 /* connections that have not said who they are */

enum standing {
    STANDING_AWAITED, /* has not said hello */
    STANDING_WAITING, /* for control */
    STANDING_QUEUED,  /* is to have it as soon as may be */
    STANDING_COMPUTING,
    STANDING_ASKING,  /* has control, and waits for an answer about its state */
    STANDING_BROUGHT, /* has given control back, the result has not been taken */
    STANDING_TOLD,    /* that the run is over */
};

struct worker {
    uint32_t rank;
    struct child *child; /* NULL: its worker is no program */
    int fd;              /* its connection, -1: none */
    enum standing standing;
    bool started;             /* START has been sent */
    bool finishes;            /* it has sent FINISH */
    bool broke_off;           /* its connection was closed while it computed */
    bool taken;               /* the result of its turn has been taken */
    bool resumed;             /* it goes on from what it has kept */
    bool drops;               /* what it brings next has been taken before */
    bool asked_to_keep, kept; /* in this turn */
    bool aside;               /* it has asked for something in this turn, or been answered */
    float *handed;   /* its model when it was handed control and asked to keep; NULL: not yet */
    float *now;      /* of a snapshot: its model then, where its result had been taken */
    double closed_s; /* when the connection was closed; 0: it is open, or there has been none */
    double since_s;  /* it has control */
    uint64_t order;  /* of those that are queued */
    struct rog_region region;
    struct rog_json *hello; /* until it is compared */
    struct rog_layout *layout;
    struct rog_programs_turn turn;
    struct rog_virtual_message message; /* what it has brought, or asks for */
    enum rog_programs_kind result;      /* what that is, if it has brought something */
    /* [trained] */
    const float **gradients;
    struct rog_rule *rules;
    bool *given;
};

struct child {
    uint32_t first, count; /* workers that it hosts, the first from 0 on */
    struct rog_process process;
    bool started, ended;
    bool computes;   /* one of its workers does */
    uint32_t joined; /* of its workers */
    double since_s;  /* it was started, or one of its workers has joined */
    struct rog_program_log log;
};

struct pending {
    int fd;              /* -1: none */
    struct child *child; /* whose process is at the other end; NULL: nobody's */
};

struct rog_programs {
    struct rog_programs_options how;
    char name[NAME_BYTES];      /* of the socket */
    char mark[NAME_BYTES + 32]; /* in the environment of all programs */
    int listener, watch;        /* watch: epoll */
    struct rog_watchdog guard;
    struct rog_family spared; /* children of this process that are no programs */
    pid_t *groups;            /* [group_count] that the guard knows of beside the children's own */
    size_t group_count;
    struct worker *workers; /* [count]; those that are no programs among them */
    uint32_t count;
    struct child *children;
    uint32_t child_count;
    struct pending pending[PENDING];
    uint32_t joined, told;        /* workers that have said hello, and know that the run is over */
    struct worker *first;         /* the first of the run that is a program */
    const struct rog_json *hello; /* what all must have alike; NULL: not known yet */
    const struct rog_layout *layout;
    struct rog_json *brought_hello; /* the same where the first has brought it */
    struct rog_layout *brought_layout;
    char owner[WHO_BYTES]; /* whose layout it is, for messages */
    uint32_t computing;    /* workers */
    uint64_t orders;
    const struct worker *wanted; /* whose result is waited for */
    bool ending;
    bool keeps;              /* programs are to keep what they have */
    struct rog_error unkept; /* why one does not; code 0: nobody has said so */
    bool disturbed;          /* a connection or an output was closed: somebody may have ended */
    double memory_limit;     /* bytes */
    double checked_s, measured_s; /* when that was done last */
};

/* What a program brings within its turn, which goes on after it. */
static inline bool programs_is_aside(enum rog_programs_kind kind)
{
    return kind == ROG_PROGRAMS_TRANSFER || kind == ROG_PROGRAMS_SETTLE;
}

/* What happens, for programs_watch. */
enum source { SOURCE_LISTENER, SOURCE_PENDING, SOURCE_WORKER, SOURCE_OUTPUT };

/* ---- programs_child.c: processes ---- */

int programs_children_new(struct rog_programs *programs, struct rog_error *err);
/* So many that at_once of them have not joined. */
int programs_children_start(struct rog_programs *programs, struct rog_error *err);
/* Takes what it has printed. */
void programs_child_drain(struct rog_programs *programs, struct child *child);
/* Which of them a process is; NULL: none. */
struct child *programs_child_with(struct rog_programs *programs, pid_t pid);
/* Which of them a process is or descends from; NULL: none. */
struct child *programs_child_of(struct rog_programs *programs, pid_t pid);
/* The same of processes as they were seen. */
struct child *programs_child_in(struct rog_programs *programs, const struct rog_family *family,
                                pid_t pid);
/* "worker 3's program", or "the program of workers 1 to 16". */
const char *programs_who(const struct rog_programs *programs, const struct child *child,
                         char who[WHO_BYTES]);
/* ROG_EFAILED: `who` has done `what`, what it said last, and where all of that is. */
int programs_fail(const struct child *child, const char *who, const char *what,
                  struct rog_error *err);

/* ---- programs_watch.c: what may go wrong meanwhile ---- */

/* Whether any has ended, closed its connection, takes too long or too much: ROG_EFAILED. */
int programs_check(struct rog_programs *programs, struct rog_error *err);

/* ---- programs_peer.c: connections ---- */

int programs_listen(struct rog_programs *programs, struct rog_error *err);
int programs_accept(struct rog_programs *programs, struct rog_error *err);
/* The first message of a connection. */
int programs_greet(struct rog_programs *programs, struct pending *pending, struct rog_error *err);

/* ---- programs_turn.c: control ---- */

/* Its connection is gone. */
void programs_hang_up(struct rog_programs *programs, struct worker *worker);
/* What a worker has sent. */
int programs_hear(struct rog_programs *programs, struct worker *worker, struct rog_error *err);
/* Hands control to whom there is room for. */
int programs_dispatch(struct rog_programs *programs, struct rog_error *err);

/* ---- programs_keep.c: snapshots ---- */

/* A worker is handed control: *flags of the message that does so. ROG_ENOMEM. */
int programs_ask_to_keep(struct rog_programs *programs, struct worker *worker, uint32_t *flags,
                         struct rog_error *err);
/* It says that it has kept what it has, or why not. */
int programs_take_kept(struct rog_programs *programs, struct worker *worker, struct rog_error *err);
/* It has given control back. */
void programs_miss_kept(struct rog_programs *programs, struct worker *worker);

/* ---- programs_wait.c ---- */

int programs_watch(struct rog_programs *programs, int fd, enum source source, size_t index,
                   struct rog_error *err);
/* Waits a short while for whatever happens, and deals with it. ROG_EINTR. */
int programs_wait(struct rog_programs *programs, struct rog_error *err);

#endif
