/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ITERATION_COLUMNS_H
#define ROG_STORE_ITERATION_COLUMNS_H

/* Builds SQL for the columns of the table `iterations`, for queries and for the schema. */

#include <rog/iteration.h>

/* Writes each column as in `pattern`, in which '@' is replaced with its name, with `separator`
 * between them; without run_id. Returns heap memory, NULL if memory ran out. */
char *rog_iterations_columns(const char *pattern, const char *separator);

/* How the versions of the schema create the table from `columns`, which are rog_iteration_columns
 * except in tests. All return SQL scripts in heap memory, NULL if memory ran out. */
/* Returns the version that added the latest column. */
int rog_iterations_version(const struct rog_iteration_column *columns);
/* Returns CREATE TABLE with the columns of the first version. */
char *rog_iterations_create(const struct rog_iteration_column *columns);
/* Adds the columns that came with `version`; returns "" if there are none. */
char *rog_iterations_extend(const struct rog_iteration_column *columns, int version);
/* Makes a table of `version` look like the latest one, for this connection only; returns "" if it
 * is the latest. */
char *rog_iterations_view(const struct rog_iteration_column *columns, int version);

#endif
