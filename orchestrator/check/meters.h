/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_METERS_H
#define ROG_CHECK_METERS_H

#include <orchestrator/check/findings.h>
#include <orchestrator/check/record.h>
#include <orchestrator/store/db.h>

/* Bytes of each worker against what its link let through until then. Of runs in virtual time
 * alone: a real link is only ever limited from above. */
int rog_verify_bytes(struct rog_db *db, const struct rog_record *record,
                     struct rog_finding_list *list, struct rog_error *err);

/* Readings of energy never fall, bandwidth is never negative, the rows of all layers add up to
 * those of the iteration, and checkpoints follow each other in time and iteration. */
int rog_verify_meters(struct rog_db *db, const struct rog_record *record,
                      struct rog_finding_list *list, struct rog_error *err);

#endif
