/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_COMPLETE_H
#define ROG_CHECK_COMPLETE_H

#include <orchestrator/check/findings.h>
#include <orchestrator/check/promises.h>
#include <orchestrator/check/record.h>

/* The run is done, its stream has a beginning and a matching end, its workers are those of its
 * configuration, and no iteration or value is missing. */
void rog_verify_complete(const struct rog_record *record, const struct rog_promises *promises,
                         struct rog_finding_list *list);

/* Everything that is stored as JSON is valid JSON: otherwise no other check can read the run.
 * *readable. */
int rog_verify_readable(struct rog_db *db, const char *run_id, bool *readable,
                        struct rog_finding_list *list, struct rog_error *err);

#endif
