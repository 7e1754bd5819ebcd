/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_HOOKS_H
#define ROG_UI_HOOKS_H

/* What the page asks of whoever shows it: what commands above this module print. */

#include <common/json.h>
#include <orchestrator/store/db.h>

struct rog_ui_hooks {
    /* What `rogctl status --json` says of the sweeps that write this database, an absolute path.
     * *sweeps is owned by the caller, here and below. */
    int (*sweeps)(const char *database, struct rog_json **sweeps, struct rog_error *err);
    /* What `rogctl show RUN --json` says. */
    int (*run)(struct rog_db *db, const char *run, struct rog_json **details,
               struct rog_error *err);
    /* Says "interrupted" or "left" in the "status" of a run that nobody executes. */
    void (*correct_status)(struct rog_db *db, struct rog_json *run);
};

#endif
