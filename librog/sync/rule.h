/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_RULE_H
#define ROG_SYNC_RULE_H

/* The only place where a rule, as given by programs and configurations, becomes the constants that
 * the kernels use. */

#include <librog/kernels/kernels.h>
#include <rog/error.h>
#include <rog/rog.h>

/* ROG_EINVAL: the kind is unknown, or a number is out of range (rog/rog.h). */
int rog_rule_check(const struct rog_rule *rule, struct rog_error *err);

/* The rule must have been checked. */
struct rog_kernel_step rog_rule_step(const struct rog_rule *rule);

#endif
