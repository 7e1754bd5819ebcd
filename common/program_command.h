/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PROGRAM_COMMAND_H
#define ROG_COMMON_PROGRAM_COMMAND_H

/* Commands of training programs in Python, as a process runs them that stands for several. */

#include <stdint.h>

#include <rog/error.h>

/*
 * Makes "PYTHON -m rog.worker_host --workers 16 SCRIPT ARGUMENTS" of "PYTHON SCRIPT ARGUMENTS",
 * before which variables may be set (NAME=VALUE), and between which options of Python may stand
 * that take no value (-u); what is quoted stays so. *hosted is heap memory. ROG_EINVAL: the command
 * has another shape.
 */
int rog_program_host_command(const char *command, uint32_t workers, char **hosted,
                             struct rog_error *err);

/* The same with rog.test_host, which runs the script once for each checkpoint. *copying is NULL
 * where the command has another shape, or sends output elsewhere. */
int rog_program_copying_command(const char *command, char **copying, struct rog_error *err);

#endif
