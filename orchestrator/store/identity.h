/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_IDENTITY_H
#define ROG_STORE_IDENTITY_H

/*
 * What identifies recorded runs: `runs.config_hash` is the hash of everything that went into a run.
 * `identities` has the hash of its settings and the version of what the trainer computed, `inputs`
 * the files. Each attempt writes them when it begins. Runs that were recorded before these tables
 * existed have no row in `identities`, and their config_hash is the hash of their settings.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* A recorded run, with what is needed to find one with the same identity. */
struct rog_recorded {
    char *id, *hash;
    char *settings_hash; /* NULL: no identity is recorded */
    int64_t results;     /* -1: not known */
    bool done, failed, running;
    bool begun;  /* its trainer has reported its start */
    char *error; /* why it failed, or NULL */
};
struct rog_recorded_list {
    struct rog_recorded *run;
    size_t count;
};

/* Loads the runs of a case (NULL: runs of no case), sorted by name, done runs first. */
int rog_recorded_load(struct rog_db *db, const char *case_name, struct rog_recorded_list *list,
                      struct rog_error *err);
void rog_recorded_release(struct rog_recorded_list *list);

/* Finds a done run with that hash. *id is heap memory, NULL if there is none. */
int rog_recorded_find_done(struct rog_db *db, const char *hash, char **id, struct rog_error *err);

struct rog_identity {
    const char *config; /* JSON */
    const char *hash, *settings_hash;
    int64_t results;
    const struct rog_json *inputs; /* [{"setting", "path", "sha256"}] */
};
/* Records the identity of a planned run. Its input files are not known before it begins. */
int rog_identity_plan(struct rog_db *db, const char *run_id, const char *settings_hash,
                      struct rog_error *err);
/* Records the identity of a run that begins, in the caller's transaction. */
int rog_identity_begin(struct rog_db *db, const char *run_id, const struct rog_identity *identity,
                       struct rog_error *err);
/* Loads {"results": N, "files": [{"setting", "path", "sha256"}]}, and "python": "3.11.2" if its
 * strategy was written in Python. NULL: not recorded. */
int rog_identity_load(struct rog_db *db, const char *run_id, struct rog_json **identity,
                      struct rog_error *err);

#endif
