/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_LOG_H
#define ROG_PROGRAMS_LOG_H

/*
 * The output of a program, in a file of bounded size: of long output the beginning and the end are
 * kept, with a line in between that states how much was dropped. The file is always up to date.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_PROGRAM_LOG "program.log"

struct rog_program_log {
    int fd; /* -1: none */
    char *path;
    uint64_t size, left_out; /* bytes in the file, and bytes dropped */
};
#define ROG_PROGRAM_LOG_NONE ((struct rog_program_log){.fd = -1})

/* Truncates the file in that folder. ROG_EIO, ROG_ENOMEM. */
int rog_program_log_open(struct rog_program_log *log, const char *folder, struct rog_error *err);
void rog_program_log_close(struct rog_program_log *log);

/* Reads what is available from a non-blocking descriptor, at most `most` bytes. Returns true if its
 * end was reached. A full disk is not the program's fault: output that cannot be written is
 * dropped. */
int rog_program_log_take(struct rog_program_log *log, int fd, size_t most);

/* Returns the last non-empty line, without control characters; "" if there is none. */
void rog_program_log_last_line(const struct rog_program_log *log, char *line, size_t bytes);

#endif
