/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_REPLAY_H
#define ROG_HOST_REPLAY_H

/* Replays the bandwidth of a host (shape/shape.h) in a child process of the supervisor, by the
 * run's clock: a trace's time is the run's time plus the offset. */

#include <stdbool.h>
#include <sys/types.h>

#include <rog/error.h>
#include <trainer/host/spec.h>

struct rog_host_replay {
    pid_t pid;    /* 0: none */
    int clock_fd; /* pipe to the process: the start of the run */
    int words_fd; /* pipe from the process: its state */
    bool begun;
    bool over; /* it has ended: `code`, `why` and `error` are set */
    int code;
    struct rog_error why;
    double error; /* relative error of the transmitted bits while there was something to send */
};
#define ROG_HOST_REPLAY_NONE ((struct rog_host_replay){.clock_fd = -1, .words_fd = -1})

/* Shapes the interface with the rates of the run's start, and returns when that is done; appends
 * its events to the file `events`. The replay also ends when `lease` was not touched for
 * spec->lease_s. Errors: those of rog_shape_replay and rog_trace_open. */
int rog_host_replay_start(struct rog_host_replay *replay, const struct rog_host_spec *spec,
                          const char *events, const char *lease, struct rog_error *err);
/* Tells the replay that the run started at origin_s by CLOCK_MONOTONIC. */
void rog_host_replay_begin(struct rog_host_replay *replay, double origin_s);
/* Checks whether it has ended. */
void rog_host_replay_look(struct rog_host_replay *replay);
/* Ends it; the interface is restored, or the error says that it is not. Does nothing if there is no
 * replay. */
int rog_host_replay_stop(struct rog_host_replay *replay, struct rog_error *err);

#endif
