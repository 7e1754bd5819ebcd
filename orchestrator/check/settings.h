/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_SETTINGS_H
#define ROG_CHECK_SETTINGS_H

#include <orchestrator/check/findings.h>
#include <orchestrator/check/record.h>
#include <orchestrator/store/db.h>

/* The settings of the run are the same in the columns of its row, in its configuration, in the
 * configuration of its trainer (config.json of its folder, if it exists) and in the trainer's start
 * event. Imported runs are not checked. */
int rog_verify_settings(struct rog_db *db, const struct rog_record *record,
                        struct rog_finding_list *list, struct rog_error *err);

#endif
