/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_CHOSEN_H
#define ROG_STORE_CHOSEN_H

/*
 * Treats any runs as a case, for callers that only read: figures, reports and exports of cases then
 * use these runs. The case exists for one connection only; no file is changed.
 */

#include <stddef.h>

#include <orchestrator/store/db.h>

struct rog_chosen {
    const char *name;       /* of the new case */
    const char *like;       /* case whose settings are copied; NULL: no settings */
    const char *const *run; /* [runs]: whole ids */
    size_t runs;
    const char *contender, *baseline; /* replace the copied settings, unless NULL */
    double target;                    /* replaces the copied target, unless NaN */
};

/* Call it after rog_db_begin_read. Until rog_db_rollback the database has this case and no other.
 * Errors: ROG_ENOTFOUND if a run does not exist. */
int rog_chosen_make(struct rog_db *db, const struct rog_chosen *chosen, struct rog_error *err);

#endif
