/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_RULE_H
#define ROG_SYNC_RULE_H

/* The one place where a rule, as programs and configurations give it, becomes what the kernels
 * compute with. */

#include <librog/kernels/kernels.h>
#include <rog/error.h>
#include <rog/rog.h>

/* ROG_EINVAL: a kind that there is not, or a number out of its range (rog/rog.h). */
int rog_rule_check(const struct rog_rule *rule, struct rog_error *err);

/* Of a rule that has been checked. */
struct rog_kernel_step rog_rule_step(const struct rog_rule *rule);

#endif
