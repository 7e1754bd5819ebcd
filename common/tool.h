/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_TOOL_H
#define ROG_COMMON_TOOL_H

/*
 * Running programs of the distribution (ip, tc, sshd, ssh-keygen) without a shell. They are looked
 * for in PATH and then in /usr/sbin and /sbin, which a user's PATH may lack.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <rog/error.h>

#define ROG_TOOL_OUTPUT_MAX_BYTES ((size_t)16 << 20)

/*
 * Runs argv[0] (ends with NULL) with empty input and waits for it. *output, unless NULL, becomes
 * its standard output (heap memory, NUL after the last byte); what it says on standard error is
 * part of the error message.
 * Errors: ROG_ENOTFOUND no such program; ROG_EFAILED it ended with a status other than 0, or not
 * within `timeout_s`, after which it is killed; ROG_EIO; ROG_ENOMEM. *output is NULL then.
 */
int rog_tool_run(const char *const *argv, double timeout_s, char **output, struct rog_error *err);

/* A program that is fed line by line. Its end is not waited for by the functions that write. */
struct rog_tool {
    pid_t pid;  /* 0: not running */
    int input;  /* write end of its standard input; writing never raises SIGPIPE here: the caller
                   ignores that signal */
    int output; /* read end of its standard output, non-blocking */
    int errors; /* read end of its standard error, non-blocking */
};
#define ROG_TOOL_NONE ((struct rog_tool){.input = -1, .output = -1, .errors = -1})

int rog_tool_start(struct rog_tool *tool, const char *const *argv, struct rog_error *err);
/* Closes its input and waits for it; kills it after `timeout_s`. Harmless on one that is not
 * running. */
void rog_tool_stop(struct rog_tool *tool, double timeout_s);

/* Whether a program of that name is there. */
bool rog_tool_exists(const char *name);

#endif
