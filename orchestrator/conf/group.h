/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_GROUP_H
#define ROG_CONF_GROUP_H

/* Groups of a file that stand for several hosts: names with ranges, and what all have in common. */

#include <stdint.h>

#include <common/json.h>
#include <orchestrator/conf/file.h>
#include <rog/error.h>

/* `merged` is the group `own` with what of `defaults` (may be NULL) it has not. What it points to
 * stays theirs; rog_group_release frees the rest. */
int rog_group_merge(const struct rog_conf_node *own, const struct rog_conf_node *defaults,
                    struct rog_conf_node *merged, struct rog_error *err);
void rog_group_release(struct rog_conf_node *merged);

/* The texts that the member `name` stands for (ranges.h), at most `most`; *list stays NULL where
 * the group has none. `count`: how many the range without an end takes, 0 where nobody says. */
int rog_group_expand(const struct rog_conf_node *group, const char *name, int64_t count,
                     size_t most, struct rog_json **list, struct rog_error *err);

/* host = "" would be taken for something else by ssh, as would one with blanks. */
int rog_group_check_host(const struct rog_conf_node *node, struct rog_error *err);
/* environment = "NAME=VALUE ..." */
int rog_group_check_environment(const struct rog_conf_node *node, struct rog_error *err);
/* Names of hosts are the same in upper and lower case. */
void rog_group_fold_host(char *text);

#endif
