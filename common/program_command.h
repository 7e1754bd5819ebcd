/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PROGRAM_COMMAND_H
#define ROG_COMMON_PROGRAM_COMMAND_H

/* Commands of training programs in Python, for processes that run several of them. */

#include <stdint.h>

#include <rog/error.h>

/*
 * Turns "PYTHON SCRIPT ARGUMENTS" into "PYTHON -m rog.worker_host --workers 16 SCRIPT ARGUMENTS".
 * Variables (NAME=VALUE) may precede it, and Python options without a value (-u) may be between;
 * quotes are kept. *hosted is heap memory. ROG_EINVAL: the command has another form.
 */
int rog_program_host_command(const char *command, uint32_t workers, char **hosted,
                             struct rog_error *err);

/* The same with rog.test_host, which runs the script once for each checkpoint. *copying is NULL if
 * the command has another form or redirects output. */
int rog_program_copying_command(const char *command, char **copying, struct rog_error *err);

#endif
