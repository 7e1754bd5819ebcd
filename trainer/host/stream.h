/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_STREAM_H
#define ROG_HOST_STREAM_H

/*
 * The events that the role writes: they tell when the run began, and those of a worker are handed
 * on to events.jsonl, line by line. What a worker says about its energy by the profile's model is
 * left out while a sensor measures it, and goes on from where it was when the worker is started
 * again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rog/error.h>

struct rog_host_stream {
    const char *path; /* what the role writes; borrowed */
    FILE *copy;       /* NULL: nothing is handed on */
    char *buffer;
    uint64_t offset;                 /* the end of the last whole line that was taken */
    bool begun;                      /* the run's clock is known */
    double origin_s;                 /* its start, by CLOCK_MONOTONIC; at most a moment late */
    bool measured;                   /* energy comes from a sensor */
    double base_joules, said_joules; /* of processes before this one; of this one */
};

/* `copy_path` is the file that lines are handed on to, NULL: none. */
int rog_host_stream_open(struct rog_host_stream *stream, const char *path, const char *copy_path,
                         struct rog_error *err);
void rog_host_stream_close(struct rog_host_stream *stream);

/* Takes in what has been written since; a file that is not there yet is no error. ROG_EIO (a full
 * disk), ROG_EFORMAT a line of over a mebibyte, ROG_ENOMEM. */
int rog_host_stream_read(struct rog_host_stream *stream, struct rog_error *err);

/* The role is another process from here on. */
void rog_host_stream_restart(struct rog_host_stream *stream);
/* The sensor has measured so much and measures no more: the model goes on from there. */
void rog_host_stream_unmeasured(struct rog_host_stream *stream, double joules);

#endif
