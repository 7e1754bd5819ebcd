/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CONF_TEXT_H
#define ROG_CONF_CONF_TEXT_H

/* Values as text for experiment and cluster files, which reads back as the same values. */

#include <stdio.h>

#include <common/json.h>
#include <common/settings.h>

/* A number, text, boolean, list or group. `is_real`: a whole number gets a decimal point. */
void rog_conf_text_value(FILE *file, const struct rog_json *value, bool is_real);
/* "NAME = VALUE;", in the form of the table's setting with that name. */
void rog_conf_text_setting(FILE *file, const struct rog_setting *table, const char *name,
                           const struct rog_json *value);
/* The line "NAME = VALUE;" of an option; file is a FILE, so that rog_json_each can call it. */
int rog_conf_text_option(const char *name, const struct rog_json *value, void *file);
/* The same of a text; nothing for NULL. */
void rog_conf_text_string(FILE *file, const char *name, const char *value);

#endif
