/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_BOUND_H
#define ROG_CHECK_BOUND_H

#include <orchestrator/check/findings.h>
#include <orchestrator/check/promises.h>
#include <orchestrator/check/record.h>

/* Each admission is within the promises of the strategy: the age of rows, how far the worker may be
 * ahead, the number of other workers, the number of grants. Its numbers of rows and pushes match
 * the recorded pushes. */
void rog_verify_bound(const struct rog_record *record, const struct rog_promises *promises,
                      struct rog_finding_list *list);

#endif
