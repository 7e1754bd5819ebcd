/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ITERATION_COLUMNS_H
#define ROG_STORE_ITERATION_COLUMNS_H

/* The columns of the table `iterations` as SQL, for queries and for the schema. */

#include <rog/iteration.h>

/* For SQL: each column as in `pattern`, where '@' stands for its name, `separator` between them;
 * without run_id. Heap memory, NULL when there is none. */
char *rog_iterations_columns(const char *pattern, const char *separator);

/* How the schema's versions make the table of `columns`, which are rog_iteration_columns but in
 * tests. Scripts of SQL in heap memory, NULL when there is none. */
/* The version that brought the latest column. */
int rog_iterations_version(const struct rog_iteration_column *columns);
/* CREATE TABLE with the columns of the first version. */
char *rog_iterations_create(const struct rog_iteration_column *columns);
/* Adds those that came with `version`; "" where there are none. */
char *rog_iterations_extend(const struct rog_iteration_column *columns, int version);
/* Makes a table as `version` left it look like the latest, for this connection only; "" where it
 * is. */
char *rog_iterations_view(const struct rog_iteration_column *columns, int version);

#endif
