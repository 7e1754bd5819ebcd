/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CONF_TEXT_H
#define ROG_CONF_CONF_TEXT_H

/* Values as the text of experiment and cluster files, which reads back as the same values. */

#include <stdio.h>

#include <common/json.h>
#include <common/settings.h>

/* A number, text, truth, list or group. `is_real`: a whole number gets a point. */
void rog_conf_text_value(FILE *file, const struct rog_json *value, bool is_real);
/* "NAME = VALUE;", as the setting of that name of the table has it. */
void rog_conf_text_setting(FILE *file, const struct rog_setting *table, const char *name,
                           const struct rog_json *value);

#endif
