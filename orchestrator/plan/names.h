/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_NAMES_H
#define ROG_PLAN_NAMES_H

/* Names of runs, in the published format. */

#include <time.h>

#include <orchestrator/store/db.h>

/* MM-DD-hh-mm-LIBRARY-THRESHOLD-CONTROL in local time, followed by -2, -3... if the name is used in
 * the database or by a folder beside it. Call it in the transaction that inserts the run. */
int rog_run_name(struct rog_db *db, time_t now, const char *library, long long threshold,
                 const char *control, char **name, struct rog_error *err);

#endif
