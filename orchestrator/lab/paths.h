/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LAB_PATHS_H
#define ROG_LAB_PATHS_H

/* Where the lab keeps its files. */

#include <orchestrator/conf/cluster_path.h>

#define ROG_LAB_DIR ROG_CLUSTER_LAB_DIR
#define ROG_LAB_CACHE_DIR "/var/cache/rogctl-lab" /* homes of the hosts: host0, host1, ... */
#define ROG_LAB_CLUSTER ROG_CLUSTER_LAB
#define ROG_LAB_SSH_CONFIG ROG_LAB_DIR "/ssh_config"

#endif
