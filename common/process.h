/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PROCESS_H
#define ROG_COMMON_PROCESS_H

/*
 * Child processes that never outlive this one: each is the leader of a process group of its own (a
 * Ctrl-C on the terminal reaches this program alone, which then decides) and is killed by the
 * kernel when this program dies, however it dies.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <rog/error.h>

struct rog_process {
    pid_t pid;  /* 0: not started, or reaped */
    int input;  /* write end of its standard input, -1 when it has none */
    int output; /* read end of its standard output (non-blocking), -1 when it has none */
    int status; /* once reaped: exit status, or 128 + signal */
};

struct rog_process_options {
    const char *const *argv; /* ends with NULL; argv[0] is a path, or looked for in PATH */
    const char *log;         /* file that standard error is appended to; NULL: inherited */
    bool pipes;              /* standard input and output are pipes to us; else input is empty and
                                output goes where standard error goes */
};

/* A program that cannot be executed is an error here, not an exit status later. */
int rog_process_start(struct rog_process *process, const struct rog_process_options *options,
                      struct rog_error *err);

/* Not yet started, or ended: nothing to wait for. */
static inline bool rog_process_gone(const struct rog_process *process)
{
    return process->pid == 0;
}

/* Reaps it if it has ended; true once it has. What it wrote can still be read from `output`. */
bool rog_process_ended(struct rog_process *process);

void rog_process_close_input(struct rog_process *process);

/* Asks the group to end, and after a short while kills it; returns when it is reaped. Harmless on a
 * process that is not running. */
void rog_process_stop(struct rog_process *process);

/* Kills the group at once, and reaps it. */
void rog_process_kill(struct rog_process *process);

/* Its standard output, line by line. Zero-initialize; release when done. */
struct rog_lines {
    char *text;
    size_t used, room, next;
};
/* Reads what is there without waiting. ROG_EFORMAT for a line that is longer than a mebibyte. */
int rog_lines_fill(struct rog_lines *lines, const struct rog_process *process,
                   struct rog_error *err);
/* The next complete line without its end, NULL when there is none; valid until the next fill. */
const char *rog_lines_next(struct rog_lines *lines);
void rog_lines_release(struct rog_lines *lines);

#define ROG_PROCESS_NONE ((struct rog_process){.pid = 0, .input = -1, .output = -1})

#endif
