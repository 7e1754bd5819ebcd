/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_DIFFER_H
#define ROG_UI_DIFFER_H

/* In what two values of JSON differ, member by member. */

#include <common/json.h>

/* [{name, value, other}] into `differs`, for each member, at any depth, that is another one or
 * missing (null) in one of them: "workers[2].batch". Returns how many are the same. */
int64_t rog_differ(const char *name, const struct rog_json *one, const struct rog_json *other,
                   struct rog_json *differs);

#endif
