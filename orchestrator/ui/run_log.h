/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_RUN_LOG_H
#define ROG_UI_RUN_LOG_H

/* The logs in a run's folder, line by line: messages of trainers and hosts. */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>

struct rog_log_request {
    const char *file; /* one of the listed names; NULL: the first */
    const char *text; /* text that lines must contain, ignoring case; NULL: all lines */
    int64_t offset, limit;
    bool tail; /* return the last matching lines */
};

/* {files: [{name, bytes}], file, lines: [{number, text}], total: number of matching lines,
 * truncated: only the end of the file was searched}. Texts are valid UTF-8 without control
 * characters. If the folder does not exist, there are no files. ROG_ENOTFOUND: no such file. Owned
 * by the caller. */
int rog_log_search(const char *database, const char *run_id, const struct rog_log_request *request,
                   struct rog_json **log, struct rog_error *err);

#endif
