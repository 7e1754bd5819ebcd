/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_DIFFER_H
#define ROG_UI_DIFFER_H

/* Differences between two JSON values, member by member. */

#include <common/json.h>

/* Appends {name, value, other} to `differs` for each member, at any depth, that is different or is
 * missing in one of them (null): "workers[2].batch". Returns how many are equal. */
int64_t rog_differ(const char *name, const struct rog_json *one, const struct rog_json *other,
                   struct rog_json *differs);

#endif
