/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_CHECKPOINTS_H
#define ROG_STORE_CHECKPOINTS_H

/*
 * The saved models of a run: the rows of `checkpoints` and the results of their tests. The results
 * are also kept in a file of the run's folder (ROG_TESTED), as events are: one line for each test,
 * which is the tester's event "accuracy" with the checkpoint's path relative to that folder.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

struct rog_checkpoint {
    double t; /* s */
    int64_t iteration;
    char *path;      /* relative to the database's folder */
    char *sha256;    /* NULL: not recorded */
    double accuracy; /* NaN: not tested */
};

struct rog_checkpoints {
    struct rog_checkpoint *item; /* sorted by time */
    size_t count;
};

int rog_checkpoints_load(struct rog_db *db, const char *run_id, struct rog_checkpoints *checkpoints,
                         struct rog_error *err);
void rog_checkpoints_release(struct rog_checkpoints *checkpoints);

/* Returns the part of a path in the database that is relative to the run's folder, such as
 * "chkpt/0001.safetensors". */
const char *rog_checkpoint_name(const char *path, const char *run_id);

/* Appends the line of a test. `path` is the checkpoint's path in the database. Errors: ROG_EIO. */
int rog_tested_add(const char *folder, const char *run_id, const char *path,
                   const struct rog_json *event, struct rog_error *err);
/* Loads the last line for each checkpoint: an object by checkpoint name, owned by the caller; NULL
 * if there is no file. An incomplete last line is ignored. Errors: ROG_EFORMAT for an invalid line,
 * ROG_EIO. */
int rog_tested_load(const char *folder, struct rog_json **tested, struct rog_error *err);

#endif
