/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_CLUSTER_PATH_H
#define ROG_CONF_CLUSTER_PATH_H

/* The file that the name of a cluster refers to. */

#include <rog/error.h>

#define ROG_CLUSTER_LAB_DIR "/run/rogctl-lab" /* the file of `rogctl lab` */
#define ROG_CLUSTER_LAB ROG_CLUSTER_LAB_DIR "/cluster.conf"

/* Finds the file as described for rog_cluster_read; *path is heap memory. A folder is not a cluster
 * file, so that one called "lab" or "virtual4" does not hide the installed file. */
int rog_cluster_find_file(char **path, const char *given, const char *folder,
                          struct rog_error *err);
/* The displayed name: without folder and .conf. Heap memory, NULL: none. */
char *rog_cluster_name_of(const char *given);

#endif
