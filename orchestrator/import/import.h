/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_IMPORT_H
#define ROG_IMPORT_IMPORT_H

/*
 * Imports the published artifact into results.db: the runs of its `result` folder and the cases of
 * experiment_records.txt. A run is imported completely or not at all, and only once: an existing
 * run is left unchanged.
 */

#include <common/json.h>
#include <orchestrator/store/db.h>

struct rog_import_options {
    const char *case_name; /* put all runs into this case instead of those of the records; NULL */
    /* Called for each run with what was imported, and what is missing or rejected; may be NULL.
     * `detail`: about a file without problems. */
    void (*log)(void *user, bool detail, const char *text);
    void *user;
};

/* `folder`: one that contains `result`, the result folder, or a run's own. *result (owned by the
 * caller): {"imported": [ids], "present": [ids], "cases": [names], "notes": {id: [texts]}, "files":
 * {id: [accounts]}, "records": account} (account.h; records if experiment_records.txt was read).
 * ROG_ENOTFOUND if no run is found. */
int rog_import_artifact(struct rog_db *db, const char *folder,
                        const struct rog_import_options *options, struct rog_json **result,
                        struct rog_error *err);

#endif
