/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_TRY_H
#define ROG_HOST_TRY_H

/* Tests whether the wrapper of a host (`wrap` or `container` of host.json) starts the role, and
 * whether the role can be ended. */

#include <common/json.h>
#include <rog/error.h>

/*
 * Starts the wrapper as in a run, without a role, and ends it. `folder` has the host.json. *found:
 *   lacks    "": all is well; one of container.h; or
 *     start    it starts nothing
 *     folder   what it starts does not have the folder
 *     library  the trainer's libraries are not for its C library
 *     gpu      containers have no access to GPUs
 *     program  its program is not installed
 *     name     the container of `docker exec` does not exist
 *     user     what it starts belongs to another user
 *     end      what it starts does not end when it must
 *     session  all is well as long as the user is logged in
 *   message  the reason; "" if all is well
 *   words    the wrapper, for people: "docker, image IMAGE"
 *   program  the first word of the wrapper
 * ROG_EINVAL: host.json is invalid, or has no wrapper.
 */
int rog_host_try(const char *folder, struct rog_json **found, struct rog_error *err);

#endif
