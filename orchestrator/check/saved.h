/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_SAVED_H
#define ROG_CHECK_SAVED_H

#include <orchestrator/check/findings.h>
#include <orchestrator/check/record.h>
#include <orchestrator/store/db.h>

/* Each checkpoint is the file that was saved, belongs to an iteration that had been made by then,
 * and has the result of its test (ROG_TESTED). Files that no longer exist are not checked. */
int rog_verify_saved(struct rog_db *db, const struct rog_record *record,
                     struct rog_finding_list *list, struct rog_error *err);

#endif
