/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_STREAM_H
#define ROG_HOST_STREAM_H

/*
 * Follows the events that the role writes: they show when the run started, and those of a worker
 * are forwarded to events.jsonl, line by line. A worker's energy by the profile's model is dropped
 * while a sensor measures it. After a restart of the worker this energy continues from its last
 * value.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rog/error.h>

struct rog_host_stream {
    const char *path; /* file that the role writes; borrowed */
    FILE *copy;       /* NULL: nothing is forwarded */
    char *buffer;
    uint64_t offset;                 /* the end of the last complete line that was handled */
    bool begun;                      /* the run has started, so its clock is known */
    double origin_s;                 /* start of the run, by CLOCK_MONOTONIC; at most slightly
                                        late */
    bool measured;                   /* energy comes from a sensor */
    double base_joules, said_joules; /* of earlier processes; of this one */
};

/* `copy_path` is the file that lines are forwarded to, NULL: none. */
int rog_host_stream_open(struct rog_host_stream *stream, const char *path, const char *copy_path,
                         struct rog_error *err);
void rog_host_stream_close(struct rog_host_stream *stream);

/* Reads what has been written since the last call; it is not an error if the file does not exist
 * yet. ROG_EIO (a full disk), ROG_EFORMAT a line of more than 1 MiB, ROG_ENOMEM. */
int rog_host_stream_read(struct rog_host_stream *stream, struct rog_error *err);

/* Call it when the role is restarted. */
void rog_host_stream_restart(struct rog_host_stream *stream);
/* The sensor stops after measuring `joules`: the model continues from there. */
void rog_host_stream_unmeasured(struct rog_host_stream *stream, double joules);

#endif
