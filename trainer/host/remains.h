/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_REMAINS_H
#define ROG_HOST_REMAINS_H

/* What of a role can still be there when its process, or its wrapper's, is gone: processes behind
 * the wrapper, a container, processes that have left the role's group. */

#include <common/family.h>
#include <common/json.h>
#include <rog/error.h>

/* Variable in the environment of all that a role starts: the run's folder. doctor looks for it, too
 * (orchestrator/doctor/facts.h). */
#define ROG_HOST_MARK "ROG_HOST_FOLDER"

/* Kills what has it, and unless `spared` is NULL all descendants of this process but those. */
void rog_host_remains_kill(const char *folder, const struct rog_family *spared);

/* Ends all of that; the leash has been let go, or its supervisor is dead. `folder` is the run's,
 * absolute; `container` its settings, NULL: none. Takes no time where nothing is left.
 * ROG_EFAILED: something is still there. */
int rog_host_remains_end(const char *folder, const struct rog_json *container,
                         struct rog_error *err);

#endif
