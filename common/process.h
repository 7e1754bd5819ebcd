/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PROCESS_H
#define ROG_COMMON_PROCESS_H

/*
 * Starting programs, never through a shell. A program is searched in PATH and then in /usr/sbin and
 * /sbin, which a user's PATH may lack.
 *
 * Unless requested otherwise, a child does not outlive this process: the kernel kills it when the
 * thread that started it ends. The kernel drops this for programs that are set-user-ID or have file
 * capabilities (`sudo -n tc`): these can remain when this process is killed. A child leads its own
 * process group (so Ctrl-C on the terminal reaches only this program, which then decides), unless
 * it uses the terminal.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <rog/error.h>

struct rog_process {
    pid_t pid;      /* 0: not started, or reaped */
    bool is_group;  /* it leads a group, which is killed with it */
    int input;      /* write end of its standard input, -1 if it has none. Callers ignore SIGPIPE,
                       so writing never raises it */
    int output;     /* read end of its standard output (non-blocking), -1 if it has none */
    int errors;     /* the same for its standard error */
    int status;     /* once reaped: exit status, or 128 + signal; 0 if the kernel kept none because
                     * SIGCHLD is ignored */
    int signal;     /* signal that ended it; 0: none */
    double asked_s; /* time of rog_process_ask; 0: not asked yet */
};
#define ROG_PROCESS_NONE ((struct rog_process){.input = -1, .output = -1, .errors = -1})

struct rog_process_options {
    const char *const *argv; /* ends with NULL; argv[0] is a path, or the name of a program */
    const char *log;         /* file to which standard error is appended; NULL: inherited */
    bool pipes;              /* standard input and output are pipes to us; otherwise input is empty
                                and output goes to the same place as standard error */
    bool error_pipe;         /* standard error is a pipe to us */
    bool has_terminal;       /* for programs that use the terminal: standard input and output are
                                ours, and so is the process group */
    int socket;              /* > 0: descriptor for standard input and output, which remains open
                                here */
    bool outlives;           /* continues when this process ends */
    bool session; /* leads its own session, not only a group, so that no hangup of a terminal
                     reaches it */
    const char *const *environment; /* NAME=VALUE, ends with NULL; NULL: ours */
    const char *folder;             /* its current folder; NULL: ours */
    bool expendable;                /* the first to be killed by the kernel if memory runs out */
};

/* Starts a program. A program that cannot be executed is an error here, not an exit status later:
 * ROG_ENOTFOUND if it is not installed, ROG_EFAILED, ROG_EIO, ROG_ENOMEM. */
int rog_process_start(struct rog_process *process, const struct rog_process_options *options,
                      struct rog_error *err);

/* Returns true if it has not been started, or has ended: there is nothing to wait for. */
static inline bool rog_process_gone(const struct rog_process *process)
{
    return process->pid == 0;
}

/* Returns whether it has ended. It is not reaped: its number still identifies its group, and
 * rog_process_kill returns its status. */
bool rog_process_is_over(const struct rog_process *process);
/* Reaps it if it has ended; returns true once it has. Its output can still be read from
 * `output`. */
bool rog_process_ended(struct rog_process *process);
/* The same, but waits for at most `timeout_s`. */
bool rog_process_wait(struct rog_process *process, double timeout_s);

void rog_process_close_input(struct rog_process *process);

/* Asks the group to terminate, once. This and the next function have no effect on a process that is
 * not running. */
void rog_process_ask(struct rog_process *process);
/* The same, and kills it shortly afterwards; returns when it has been reaped. */
void rog_process_stop(struct rog_process *process);

/* Waits at most `timeout_s` for it to exit, then kills the rest of its group. */
void rog_process_finish(struct rog_process *process, double timeout_s);

/* Kills the group and reaps it. If it has already exited, only closes the pipes. */
void rog_process_kill(struct rog_process *process);

#define ROG_PROCESS_OUTPUT_MAX_BYTES ((size_t)16 << 20)

/*
 * Runs argv[0] (ends with NULL) with empty input and waits for it. *output, unless NULL, becomes
 * its standard output (heap memory, NUL after the last byte); its standard error becomes part of
 * the error message. Errors: those of rog_process_start; ROG_EFAILED: it exited with a status other
 * than 0, or did not end within `timeout_s` and was killed with its group; ROG_EFORMAT: its output
 * has more than ROG_PROCESS_OUTPUT_MAX_BYTES. *output is NULL then.
 */
int rog_process_run(const char *const *argv, double timeout_s, char **output,
                    struct rog_error *err);

/* The same, and ends it as after the timeout if `stopped` (NULL: never) returns true: ROG_EINTR.
 * `stopped` is called several times per second. */
struct rog_process_limit {
    double timeout_s;
    bool (*stopped)(void *user);
    void *user;
};
int rog_process_run_within(const char *const *argv, const struct rog_process_limit *limit,
                           char **output, struct rog_error *err);

#define ROG_PROCESS_ASIDE_BYTES 32
/* Writes " (process 123)" for a message, or "" if the number is unknown. Returns `text`. */
const char *rog_process_aside(pid_t pid, char text[ROG_PROCESS_ASIDE_BYTES]);

/* Returns the path of a program; heap memory, NULL if it is not found (errno ENOENT) or out of
 * memory. */
char *rog_program_path(const char *name);
/* Returns whether the program is found. */
bool rog_program_exists(const char *name);

/* The standard output of a process, line by line. Initialize with zeros; release when done. */
struct rog_lines {
    char *text;
    size_t used, room, next;
};
/* Reads all available output without waiting. ROG_EFORMAT: a line is longer than 1 MiB. */
int rog_lines_fill(struct rog_lines *lines, const struct rog_process *process,
                   struct rog_error *err);
/* Returns the next complete line without its end, or NULL if there is none; valid until the next
 * fill. */
const char *rog_lines_next(struct rog_lines *lines);
void rog_lines_release(struct rog_lines *lines);

#endif
