/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PARAMETERS_H
#define ROG_COMMON_PARAMETERS_H

/*
 * Values for a table of parameters (rog/parameter.h): each row is read, checked and described as a
 * setting (settings.h), so that parameters and settings have one grammar. `owner` is whose
 * parameters they are, for messages. A table of NULL has no parameters.
 */

#include <stddef.h>

#include <common/json.h>
#include <common/settings.h>
#include <rog/error.h>
#include <rog/parameter.h>

/* The row as a setting; it borrows the row's texts. */
struct rog_setting rog_parameter_setting(const struct rog_parameter *parameter);

/* ROG_EABI where the table itself is wrong: a name, a type, a default that is not allowed, a member
 * outside the `bytes` of the struct. */
int rog_parameters_check_table(const struct rog_parameter *table, size_t bytes, const char *owner,
                               struct rog_error *err);

/* *filled: an object with a value for each row, those of `given` (may be NULL), else the defaults;
 * NULL without parameters. ROG_EINVAL names a parameter that there is not, or that must be
 * something else. */
int rog_parameters_fill(const struct rog_parameter *table, const char *owner,
                        const struct rog_json *given, struct rog_json **filled,
                        struct rog_error *err);

/* *to: the struct of `bytes` with every member filled, heap; NULL without parameters. *filled as
 * above; `filled` may be NULL. ROG_EINVAL as above. */
int rog_parameters_make(const struct rog_parameter *table, size_t bytes, const char *owner,
                        const struct rog_json *given, struct rog_json **filled, void **to,
                        struct rog_error *err);

/* *chosen: of `filled` what does not have its default; NULL: all has it. Whoever is given
 * parameters has the same runs by default as when they were recorded without any. */
int rog_parameters_chosen(const struct rog_parameter *table, const char *owner,
                          const struct rog_json *filled, struct rog_json **chosen,
                          struct rog_error *err);

#endif
