/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_CHECKPOINTS_H
#define ROG_STORE_CHECKPOINTS_H

/*
 * The saved models of a run: the rows of `checkpoints`, and what their tests said, which is kept in
 * the run's folder, too (ROG_TESTED), as the event stream is: a line of each test, the event
 * "accuracy" of the tester with the checkpoint's path from that folder.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

struct rog_checkpoint {
    double t; /* s */
    int64_t iteration;
    char *path;      /* from the database's folder */
    char *sha256;    /* NULL: not recorded */
    double accuracy; /* NaN: not tested */
};

struct rog_checkpoints {
    struct rog_checkpoint *item; /* by time */
    size_t count;
};

int rog_checkpoints_load(struct rog_db *db, const char *run_id, struct rog_checkpoints *checkpoints,
                         struct rog_error *err);
void rog_checkpoints_release(struct rog_checkpoints *checkpoints);

/* Of a path in the database, what lies in the run's folder: "chkpt/0001.safetensors". */
const char *rog_checkpoint_name(const char *path, const char *run_id);

/* Adds the line of a test. `path` is the checkpoint's in the database. ROG_EIO. */
int rog_tested_add(const char *folder, const char *run_id, const char *path,
                   const struct rog_json *event, struct rog_error *err);
/* The last line of each checkpoint, by its name: an object, owned by the caller; NULL: nothing is
 * kept. A last line that is not whole is left out. ROG_EFORMAT: a line is none; ROG_EIO. */
int rog_tested_load(const char *folder, struct rog_json **tested, struct rog_error *err);

#endif
