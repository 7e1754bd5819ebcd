/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_REPLAY_H
#define ROG_HOST_REPLAY_H

/* The bandwidth replay of a host (shape/shape.h) in a process beside the supervisor, by the run's
 * clock: a trace's time is the run's time plus the offset. */

#include <stdbool.h>
#include <sys/types.h>

#include <rog/error.h>
#include <trainer/host/spec.h>

struct rog_host_replay {
    pid_t pid;    /* 0: none */
    int clock_fd; /* the run's beginning goes in there */
    int words_fd; /* how it went comes out of there */
    bool begun;
    bool over; /* it has ended: `code`, `why` and `error` */
    int code;
    struct rog_error why;
    double error; /* achieved against requested bits while there was something to send */
};
#define ROG_HOST_REPLAY_NONE ((struct rog_host_replay){.clock_fd = -1, .words_fd = -1})

/* Shapes the interface, with the rates of the run's beginning, and returns when that is done; its
 * events are added to the file `events`. The replay also ends when `lease` was not touched for
 * spec->lease_s. Errors: those of rog_shape_replay and rog_trace_open. */
int rog_host_replay_start(struct rog_host_replay *replay, const struct rog_host_spec *spec,
                          const char *events, const char *lease, struct rog_error *err);
/* The run began at origin_s by CLOCK_MONOTONIC. */
void rog_host_replay_begin(struct rog_host_replay *replay, double origin_s);
/* Looks whether it has ended. */
void rog_host_replay_look(struct rog_host_replay *replay);
/* Ends it; the interface is as before, or the error says that it is not. Harmless on none. */
int rog_host_replay_stop(struct rog_host_replay *replay, struct rog_error *err);

#endif
