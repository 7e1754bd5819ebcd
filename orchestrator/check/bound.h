/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_BOUND_H
#define ROG_CHECK_BOUND_H

#include <orchestrator/check/findings.h>
#include <orchestrator/check/promises.h>
#include <orchestrator/check/record.h>

/* Each admission keeps what the strategy promises about it: how old rows may be, how far the worker
 * may be ahead, how many others are there, how many have a grant. What it says of rows and pushes
 * agrees with the pushes that are recorded. */
void rog_verify_bound(const struct rog_record *record, const struct rog_promises *promises,
                      struct rog_finding_list *list);

#endif
