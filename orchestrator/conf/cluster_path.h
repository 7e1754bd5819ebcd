/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CLUSTER_PATH_H
#define ROG_CONF_CLUSTER_PATH_H

/* Which file the name of a cluster stands for. */

#include <rog/error.h>

#define ROG_CLUSTER_LAB_DIR "/run/rogctl-lab" /* of what `rogctl lab` keeps */
#define ROG_CLUSTER_LAB ROG_CLUSTER_LAB_DIR "/cluster.conf"

/* As rog_cluster_read has it; *path is heap memory. A folder is no cluster file: one of the name
 * "lab" or "virtual4" hides nothing. */
int rog_cluster_find_file(char **path, const char *given, const char *folder,
                          struct rog_error *err);
/* What is shown: without folder and .conf. Heap memory, NULL: none. */
char *rog_cluster_name_of(const char *given);

#endif
