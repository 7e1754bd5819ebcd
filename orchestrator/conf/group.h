/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_GROUP_H
#define ROG_CONF_GROUP_H

/* Groups in a file that stand for several hosts: names with ranges, and common settings. */

#include <stdint.h>

#include <common/json.h>
#include <orchestrator/conf/file.h>
#include <rog/error.h>

/* `merged` is the group `own` with the settings of `defaults` (may be NULL) that it lacks. Pointers
 * into both are borrowed; rog_group_release frees the rest. */
int rog_group_merge(const struct rog_conf_node *own, const struct rog_conf_node *defaults,
                    struct rog_conf_node *merged, struct rog_error *err);
void rog_group_release(struct rog_conf_node *merged);

/* The texts that the member `name` stands for (ranges.h), at most `most`; *list stays NULL if the
 * group lacks it. `count`: the length of an open range, 0 if unknown. */
int rog_group_expand(const struct rog_conf_node *group, const char *name, int64_t count,
                     size_t most, struct rog_json **list, struct rog_error *err);

/* Rejects host = "" and hosts with spaces, which ssh would misinterpret. */
int rog_group_check_host(const struct rog_conf_node *node, struct rog_error *err);
/* environment = "NAME=VALUE ..." */
int rog_group_check_environment(const struct rog_conf_node *node, struct rog_error *err);
/* Names of hosts are compared without case. */
void rog_group_fold_host(char *text);

#endif
