/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_IDENTITY_H
#define ROG_STORE_IDENTITY_H

/*
 * What identifies recorded runs: `runs.config_hash` is the hash of all that went into a run,
 * `identities` its settings alone and the version of what the trainer computed, `inputs` the files.
 * An attempt writes them when it begins. Runs that were recorded before these tables were there
 * have no row in `identities`, and their config_hash is that of their settings.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

/* A recorded run, as whoever looks for one that is the same needs it. */
struct rog_recorded {
    char *id, *hash;
    char *settings_hash; /* NULL: it has no identity */
    int64_t results;     /* -1: not known */
    bool done, failed, running;
    bool begun;  /* its trainer has come so far as to say so */
    char *error; /* why it failed, or NULL */
};
struct rog_recorded_list {
    struct rog_recorded *run;
    size_t count;
};

/* The runs of a case, NULL: those of no case; in the order of their names, done ones first. */
int rog_recorded_load(struct rog_db *db, const char *case_name, struct rog_recorded_list *list,
                      struct rog_error *err);
void rog_recorded_release(struct rog_recorded_list *list);

/* A done run of that hash. *id is heap memory, NULL where there is none. */
int rog_recorded_find_done(struct rog_db *db, const char *hash, char **id, struct rog_error *err);

struct rog_identity {
    const char *config; /* text */
    const char *hash, *settings_hash;
    int64_t results;
    const struct rog_json *inputs; /* [{"setting", "path", "sha256"}] */
};
/* Of a run that is planned: what it is to read is not known before it begins. */
int rog_identity_plan(struct rog_db *db, const char *run_id, const char *settings_hash,
                      struct rog_error *err);
/* Of one that begins, in the caller's transaction. */
int rog_identity_begin(struct rog_db *db, const char *run_id, const struct rog_identity *identity,
                       struct rog_error *err);
/* {"results": N, "files": [{"setting", "path", "sha256"}]}, and "python": "3.11.2" where its
 * strategy was in that; NULL: it is not known. */
int rog_identity_load(struct rog_db *db, const char *run_id, struct rog_json **identity,
                      struct rog_error *err);

#endif
