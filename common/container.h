/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_CONTAINER_H
#define ROG_COMMON_CONTAINER_H

/* The group `container` of a cluster file, which is passed unchanged to the supervisor of a
 * host. */

#include <common/settings.h>

extern const struct rog_setting rog_container_settings[];

#define ROG_CONTAINER_NO_RUNTIME "none" /* `runtime` of a host without a container */

/* ROG_EINVAL: a member of `mounts` is not FROM, FROM:TO or FROM:TO:ro, or there is no image. */
int rog_container_check(const struct rog_json *container, struct rog_error *err);

/* Returns the length of FROM in a member of `mounts`. */
size_t rog_container_mount_from(const char *mount);

#endif
