/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_REMAINS_H
#define ROG_HOST_REMAINS_H

/* What may remain of a role when its process, or its wrapper's, is gone: processes behind the
 * wrapper, a container, processes that have left the role's group. */

#include <common/family.h>
#include <common/json.h>
#include <rog/error.h>

/* Variable in the environment of all processes that a role starts: the run's folder. doctor
 * searches for it, too (orchestrator/doctor/facts.h). */
#define ROG_HOST_MARK "ROG_HOST_FOLDER"

/* Kills the processes with this variable, and unless `spared` is NULL all descendants of this
 * process except those in `spared`. */
void rog_host_remains_kill(const char *folder, const struct rog_family *spared);

/* Ends all remains of the role; the leash was released, or its supervisor is dead. `folder` is the
 * run's, absolute; `container` its settings, NULL: none. Returns at once if nothing is left.
 * ROG_EFAILED: something still remains. */
int rog_host_remains_end(const char *folder, const struct rog_json *container,
                         struct rog_error *err);

#endif
