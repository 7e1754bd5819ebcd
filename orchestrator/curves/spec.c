/* SPDX-License-Identifier: Apache-2.0 */
/* Parses a word followed by numbers. */
#include <orchestrator/curves/spec.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int rog_spec_fail(const struct rog_spec_form *forms, const char *what, const char *text,
                  struct rog_error *err)
{
    char list[512] = "";
    for (size_t i = 0; forms[i].name; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s",
                 i == 0              ? ""
                 : forms[i + 1].name ? ", "
                                     : " or ",
                 forms[i].help);
    }
    return rog_fail(err, ROG_EINVAL, "%s must be %s (found \"%.64s\")", what, list, text);
}

/* Reads the number at *at and moves *at to its end. Only digits and a point are allowed: no sign,
 * no exponent, none of the words that strtod accepts. */
static bool take_number(const char **at, const struct rog_spec_number *kind, double *number)
{
    size_t length = strspn(*at, "0123456789.");
    char *end;
    if (length == 0 || length > 12)
        return false;
    *number = strtod(*at, &end);
    if (end != *at + length || *number < kind->min || *number > kind->max)
        return false;
    if (kind->whole && *number != floor(*number))
        return false;
    if (kind->odd && fmod(*number, 2) != 1)
        return false;
    *at = end;
    return true;
}

static bool has_form(const struct rog_spec_form *form, const char *text,
                     double numbers[ROG_SPEC_NUMBERS_MAX])
{
    size_t length = strlen(form->name);
    if (strncmp(text, form->name, length) != 0)
        return false;
    text += length;
    for (size_t i = 0; i < form->numbers; i++)
        if (*text++ != ':' || !take_number(&text, &form->number[i], &numbers[i]))
            return false;
    return *text == '\0';
}

int rog_spec_parse(const struct rog_spec_form *forms, const char *what, const char *text,
                   size_t *form, double numbers[ROG_SPEC_NUMBERS_MAX], struct rog_error *err)
{
    for (size_t i = 0; forms[i].name; i++) {
        double found[ROG_SPEC_NUMBERS_MAX] = {0};
        if (!has_form(&forms[i], text, found))
            continue;
        *form = i;
        memcpy(numbers, found, sizeof found);
        return 0;
    }
    return rog_spec_fail(forms, what, text, err);
}
