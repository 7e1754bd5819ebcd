/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_TRY_H
#define ROG_HOST_TRY_H

/* Whether the wrapper of a host (`wrap` or `container` of host.json) starts what it is to start,
 * and whether that can be ended. */

#include <common/json.h>
#include <rog/error.h>

/*
 * Starts it as in a run, with nothing in it, and ends it. `folder` has the host.json. *found:
 *   lacks    "": all is well; one of container.h; or
 *            start    it starts nothing             folder  what it starts does not have the folder
 *            library  the trainer's libraries are not for the C library there
 *            gpu      there are no GPUs for containers
 *            program  its program is not installed  name    the container of `docker exec` is not
 * there user     what it starts is of another user     end  that does not end when it is to session
 * all is well as long as the user is logged in message  why; "" where all is well words    the
 * wrapper, for people: "docker, image IMAGE"; program: its first word ROG_EINVAL: host.json makes
 * no sense, or has no wrapper.
 */
int rog_host_try(const char *folder, struct rog_json **found, struct rog_error *err);

#endif
