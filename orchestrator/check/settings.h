/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_SETTINGS_H
#define ROG_CHECK_SETTINGS_H

#include <orchestrator/check/findings.h>
#include <orchestrator/check/record.h>
#include <orchestrator/store/db.h>

/* What the run is said to be, in the columns of its row, in its configuration, in what its trainer
 * was given (config.json of its folder, where that is there) and in what that said when it started,
 * is the same. Of imported runs nothing. */
int rog_verify_settings(struct rog_db *db, const struct rog_record *record,
                        struct rog_finding_list *list, struct rog_error *err);

#endif
