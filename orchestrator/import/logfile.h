/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_LOGFILE_H
#define ROG_IMPORT_LOGFILE_H

/*
 * Real-world log files: bytes in any encoding, any line ends, a last line that may be cut off.
 * Several programs and threads write into one: if a message with a time begins in the middle of a
 * line, because the previous one had no end, it is treated as a line of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/text_lines.h>
#include <rog/error.h>

struct rog_log {
    char *data;
    struct rog_text_lines lines;
    /* The current line: without its end, with a NUL after it, none in it. */
    char *line;
    size_t length;
    uint32_t number; /* in the file; lines split from one have the same number */
    bool ended;      /* false: it is the last, and has no line end */
    /* The rest of the same line of the file, its first byte stored separately for the NUL. */
    char *torn, *torn_end, torn_byte;
};

/* ROG_ENOTFOUND: the file does not exist; ROG_EFORMAT: it is compressed, in UTF-16 or too large. */
int rog_log_open(struct rog_log *log, const char *path, struct rog_error *err);
/* False at the end. */
bool rog_log_next(struct rog_log *log);
void rog_log_close(struct rog_log *log);

/* Reads "2022-06-22 17:50:37,378 " at the beginning: seconds on that host's clock, and the rest.
 * Returns false if the line does not begin with a time. */
bool rog_log_time(const char *line, double *clock_s, const char **rest);

/* Whether `text` begins with `prefix`; *rest is what follows. */
bool rog_log_begins(const char *text, const char *prefix, const char **rest);

/* Reads a finite number from the front; *rest is what follows. */
bool rog_log_number(const char *text, double *number, const char **rest);

#endif
