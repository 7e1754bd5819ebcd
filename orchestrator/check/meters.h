/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_METERS_H
#define ROG_CHECK_METERS_H

#include <orchestrator/check/findings.h>
#include <orchestrator/check/record.h>
#include <orchestrator/store/db.h>

/* Compares the bytes of each worker with what its link could carry until then. Only for runs in
 * virtual time: a real link has only an upper limit. */
int rog_verify_bytes(struct rog_db *db, const struct rog_record *record,
                     struct rog_finding_list *list, struct rog_error *err);

/* Energy readings never decrease, bandwidth is never negative, the rows of all layers add up to
 * those of the iteration, and checkpoints ascend in time and iteration. */
int rog_verify_meters(struct rog_db *db, const struct rog_record *record,
                      struct rog_finding_list *list, struct rog_error *err);

#endif
