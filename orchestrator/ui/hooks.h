/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_HOOKS_H
#define ROG_UI_HOOKS_H

/* Functions that the page's caller provides: what commands above this module print. */

#include <common/json.h>
#include <orchestrator/store/db.h>

struct rog_ui_hooks {
    /* As printed by `rogctl status --json` for the sweeps that write to this database, an absolute
     * path. *sweeps is owned by the caller; likewise below. */
    int (*sweeps)(const char *database, struct rog_json **sweeps, struct rog_error *err);
    /* As printed by `rogctl show RUN --json`. */
    int (*run)(struct rog_db *db, const char *run, struct rog_json **details,
               struct rog_error *err);
    /* Sets "status" to "interrupted" or "left" for a run that no process executes. */
    void (*correct_status)(struct rog_db *db, struct rog_json *run);
};

#endif
