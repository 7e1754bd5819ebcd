/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PARAMETER_H
#define ROG_PARAMETER_H

/*
 * Named parameters of strategies, codecs, server optimizers and media. A table describes the
 * members of a struct. The host parses, checks and stores values and prints help from the table;
 * the plugin reads only its struct, in which every member is set and within its range.
 *
 *     struct parameters { double density; int64_t chunk; };
 *     static const struct rog_parameter table[] = {
 *         {.name = "density",
 *          .type = ROG_PARAMETER_NUMBER,
 *          .offset = offsetof(struct parameters, density),
 *          .fallback = "0.01",
 *          .min = 0.0001,
 *          .max = 1,
 *          .help = "share of the elements that are sent"},
 *         {.name = NULL},
 *     };
 */

#include <stdbool.h> /* bool */
#include <stddef.h>  /* offsetof */
#include <stdint.h>

enum rog_parameter_type {
    ROG_PARAMETER_INTEGER, /* member int64_t: a whole number in [min, max] */
    ROG_PARAMETER_NUMBER,  /* member double: a number in [min, max] */
    ROG_PARAMETER_BOOLEAN, /* member bool */
    ROG_PARAMETER_CHOICE,  /* member uint32_t: index of the word in `choices`, from 0 on */
};

/* A table ends with a row whose name is NULL. All strings live as long as the table. */
struct rog_parameter {
    const char *name;     /* lower case letters, digits and '_' */
    uint32_t type;        /* enum rog_parameter_type */
    uint32_t offset;      /* offset of the member: offsetof(struct ..., member) */
    const char *fallback; /* the default as text: "4", "0.5", "true", "first" */
    double min, max;      /* range of a number, both ends included */
    const char *choices;  /* words of a choice: "first|second" */
    const char *unit;     /* "s", "rows", or NULL */
    const char *help;     /* one line, no full stop */
};

#endif
