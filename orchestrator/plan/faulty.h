/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_FAULTY_H
#define ROG_PLAN_FAULTY_H

/* Runs of an experiment that cannot be resolved, collected so that all of them can be reported
 * together. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* Returns whether a run could not be resolved because of its own settings, and not because of this
 * machine. */
bool rog_plan_is_fault(int code);

/* Adds a run to the list: {"line", "label", "settings", "fault"}. ROG_ENOMEM. */
int rog_plan_add_faulty(struct rog_json *faulty, const struct rog_json *settings, int line,
                        const char *fault, struct rog_error *err);

/* Keeps runs whose label contains the text; returns how many there were before. */
size_t rog_plan_keep_faulty(struct rog_json **faulty, const char *only);

#endif
