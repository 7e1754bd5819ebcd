/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_FAULTY_H
#define ROG_PLAN_FAULTY_H

/* Runs of an experiment that cannot be resolved, kept so that all of them can be told at once. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* Whether what kept a run from being resolved is its own fault, and not the machine's. */
bool rog_plan_is_fault(int code);

/* Adds one to the list: {"line", "label", "settings", "fault"}. ROG_ENOMEM. */
int rog_plan_add_faulty(struct rog_json *faulty, const struct rog_json *settings, int line,
                        const char *fault, struct rog_error *err);

/* Keeps those whose label contains the text; returns how many there were. */
size_t rog_plan_keep_faulty(struct rog_json **faulty, const char *only);

#endif
