/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_LOGFILE_H
#define ROG_IMPORT_LOGFILE_H

/* Log files as they are: bytes in any encoding, line ends of any system, a last line that was cut
 * off. */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

struct rog_log {
    char *data;
    size_t size, next;
    /* The current line: without its end, with a NUL after it. */
    char *line;
    size_t length;
};

/* A last line without an end is given where `keep_last` is true; in a log it was cut off.
 * ROG_ENOTFOUND for a file that is not there. */
int rog_log_open(struct rog_log *lines, const char *path, bool keep_last, struct rog_error *err);
/* False at the end. */
bool rog_log_next(struct rog_log *lines);
void rog_log_close(struct rog_log *lines);

/* Reads "2022-06-22 17:50:37,378 " off the front: seconds on that host's clock, and what follows.
 * False for a line that does not begin so. */
bool rog_log_time(const char *line, double *clock_s, const char **rest);

/* Whether `text` begins with `prefix`; *rest is what follows. */
bool rog_log_begins(const char *text, const char *prefix, const char **rest);

#endif
