/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_LOGFILE_H
#define ROG_IMPORT_LOGFILE_H

/*
 * Log files as they are: bytes in any encoding, line ends of any system, a last line that was cut
 * off. Several programs and threads have written into one: where a message with a time begins in
 * the middle of a line, because another message had no end, it is a line of its own here.
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
    uint32_t number; /* in the file; lines that were torn out of one have the same */
    bool ended;      /* false: it is the last, and has no end */
    /* What follows in the same line of the file, its first byte kept apart for the NUL. */
    char *torn, *torn_end, torn_byte;
};

/* ROG_ENOTFOUND for a file that is not there; ROG_EFORMAT for one that is compressed, in UTF-16 or
 * too large. */
int rog_log_open(struct rog_log *log, const char *path, struct rog_error *err);
/* False at the end. */
bool rog_log_next(struct rog_log *log);
void rog_log_close(struct rog_log *log);

/* Reads "2022-06-22 17:50:37,378 " off the front: seconds on that host's clock, and what follows.
 * False for a line that does not begin so. */
bool rog_log_time(const char *line, double *clock_s, const char **rest);

/* Whether `text` begins with `prefix`; *rest is what follows. */
bool rog_log_begins(const char *text, const char *prefix, const char **rest);

/* Reads a finite number off the front; *rest is what follows. */
bool rog_log_number(const char *text, double *number, const char **rest);

#endif
