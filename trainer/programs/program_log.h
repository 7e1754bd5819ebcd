/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_LOG_H
#define ROG_PROGRAMS_LOG_H

/*
 * What a program prints, in a file that does not grow without bound: of what is too long the
 * beginning and the end are kept, and between them stands how much was left out. It is on the disk
 * at any moment.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_PROGRAM_LOG "program.log"

struct rog_program_log {
    int fd; /* -1: none */
    char *path;
    uint64_t size, left_out; /* bytes in the file, and what it lacks */
};
#define ROG_PROGRAM_LOG_NONE ((struct rog_program_log){.fd = -1})

/* Begins the file in that folder anew. ROG_EIO, ROG_ENOMEM. */
int rog_program_log_open(struct rog_program_log *log, const char *folder, struct rog_error *err);
void rog_program_log_close(struct rog_program_log *log);

/* Takes what can be read from a descriptor that does not wait, at most so many bytes at once.
 * Returns whether its end was reached. A disk that is full is not the program's fault: what cannot
 * be written is left out. */
int rog_program_log_take(struct rog_program_log *log, int fd, size_t most);

/* The last line of it with anything in it, without control characters; "" where there is none. */
void rog_program_log_last_line(const struct rog_program_log *log, char *line, size_t bytes);

#endif
