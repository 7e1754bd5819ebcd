/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PARAMETERS_H
#define ROG_COMMON_PARAMETERS_H

/*
 * Values for a table of parameters (rog/parameter.h): each row is read, checked and described as a
 * setting (settings.h), so that parameters and settings have one grammar. `owner` names the part
 * that has the parameters, for messages. A NULL table has no parameters.
 */

#include <stddef.h>

#include <common/json.h>
#include <common/settings.h>
#include <rog/error.h>
#include <rog/parameter.h>

/* Returns the row as a setting; it borrows the row's strings. */
struct rog_setting rog_parameter_setting(const struct rog_parameter *parameter);

/* ROG_EABI: the table itself is invalid: a name, a type, a default that is not allowed, a member
 * outside the `bytes` of the struct. */
int rog_parameters_check_table(const struct rog_parameter *table, size_t bytes, const char *owner,
                               struct rog_error *err);

/* Sets *filled to an object with a value for each row, from `given` (may be NULL) or the default;
 * NULL without parameters. ROG_EINVAL: a parameter is unknown or invalid; the message names it. */
int rog_parameters_fill(const struct rog_parameter *table, const char *owner,
                        const struct rog_json *given, struct rog_json **filled,
                        struct rog_error *err);

/* Sets *to to the struct of `bytes` with every member filled, heap; NULL without parameters.
 * *filled as above; `filled` may be NULL. ROG_EINVAL as above. */
int rog_parameters_make(const struct rog_parameter *table, size_t bytes, const char *owner,
                        const struct rog_json *given, struct rog_json **filled, void **to,
                        struct rog_error *err);

/* Sets *chosen to the members of `filled` that differ from their defaults; NULL if none does. So a
 * run with default parameters is the same as one recorded before parameters existed. */
int rog_parameters_chosen(const struct rog_parameter *table, const char *owner,
                          const struct rog_json *filled, struct rog_json **chosen,
                          struct rog_error *err);

#endif
