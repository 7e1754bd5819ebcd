/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_CHOSEN_H
#define ROG_STORE_CHOSEN_H

/*
 * Any runs as a case, for whoever only reads: figures, reports and exports of cases are those of
 * these runs then. It is there for one connection alone, and changes no file.
 */

#include <stddef.h>

#include <orchestrator/store/db.h>

struct rog_chosen {
    const char *name;       /* of the case */
    const char *like;       /* whose settings it has; NULL: none's */
    const char *const *run; /* [runs]: whole ids */
    size_t runs;
    const char *contender, *baseline; /* instead of what these settings say, unless NULL */
    double target;                    /* likewise, unless NaN */
};

/* Within rog_db_begin_read, which also ends it: until rog_db_rollback the database has this case
 * and no other. ROG_ENOTFOUND: no such run. */
int rog_chosen_make(struct rog_db *db, const struct rog_chosen *chosen, struct rog_error *err);

#endif
