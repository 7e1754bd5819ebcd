/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_RANGES_H
#define ROG_CONF_RANGES_H

/*
 * Names of several hosts in one text, as in shells:
 *
 *     robot{1..30}         robot1, robot2, ... robot30
 *     robot{01..30}        robot01, robot02, ... robot30
 *     robot{1..9,12,a}     numbers, ranges and words, separated by commas
 *     10.42.0.{11..}       as many as the caller asks for, from 11
 *     rack{1,2}-{1..3}     all combinations; the last braces change fastest
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* Whether a text contains a range. */
bool rog_ranges_in(const char *text);

/* Appends to `list` the texts that `text` stands for, or itself if it has no braces. `count`: the
 * length of an open range, 0 if unknown. ROG_EINVAL: invalid braces, or more than `most` texts. */
int rog_ranges_expand(const char *text, size_t count, size_t most, struct rog_json *list,
                      struct rog_error *err);

#endif
