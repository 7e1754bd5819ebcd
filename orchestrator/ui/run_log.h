/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_RUN_LOG_H
#define ROG_UI_RUN_LOG_H

/* The logs in a run's folder, line by line: what trainers and hosts have said. */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>

struct rog_log_request {
    const char *file; /* one of the names that are listed; NULL: the first */
    const char *text; /* that lines have, in any case; NULL: all lines */
    int64_t offset, limit;
    bool tail; /* the last ones that match */
};

/* {files: [{name, bytes}], file, lines: [{number, text}], total: lines that match, truncated: there
 * is more in front of what was searched}. Texts are made harmless UTF-8. A folder that is not there
 * has no files. ROG_ENOTFOUND: no such file. Owned by the caller. */
int rog_log_search(const char *database, const char *run_id, const struct rog_log_request *request,
                   struct rog_json **log, struct rog_error *err);

#endif
