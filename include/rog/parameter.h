/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PARAMETER_H
#define ROG_PARAMETER_H

/*
 * Named numbers that an implementation of a seam (codec.h, server_optimizer.h) takes, as a table:
 * whoever parses, prints help for, or stores them reads it and knows no implementation. Values
 * travel as an array in the order of the table.
 */

#include <stdbool.h>

#define ROG_PARAMETERS_MAX 8 /* of one table */

/* A table ends with a row whose name is NULL. */
struct rog_parameter {
    const char *name;        /* as in a configuration: "density" */
    const char *unit;        /* "s", "bits", or NULL */
    double minimum, maximum; /* both allowed */
    double fallback;         /* where none is given */
    bool whole;              /* whole numbers only */
    const char *help;        /* one line, no full stop */
};

#endif
