/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PROGRAM_COMMAND_H
#define ROG_COMMON_PROGRAM_COMMAND_H

/* The command of a training program, as a process runs it that hosts several workers. */

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

#endif
