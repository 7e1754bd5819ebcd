/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_SPEC_H
#define ROG_CURVES_SPEC_H

/* Texts such as "savgol:25:3": a word, followed by numbers after colons. */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

#define ROG_SPEC_NUMBERS_MAX 2

struct rog_spec_number {
    double min, max;
    bool whole, odd;
};

struct rog_spec_form {
    const char *name;
    const char *help; /* the complete form with the ranges of its numbers, for messages */
    size_t numbers;
    struct rog_spec_number number[ROG_SPEC_NUMBERS_MAX];
};

/* Finds which of the forms (a list that ends with a row whose name is NULL) `text` has, and its
 * numbers. ROG_EINVAL with a message that names `what` and all forms. */
int rog_spec_parse(const struct rog_spec_form *forms, const char *what, const char *text,
                   size_t *form, double numbers[ROG_SPEC_NUMBERS_MAX], struct rog_error *err);
/* Fails with the error that `text` has none of the forms. */
int rog_spec_fail(const struct rog_spec_form *forms, const char *what, const char *text,
                  struct rog_error *err);

#endif
