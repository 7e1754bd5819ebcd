/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_VIRTUAL_H
#define ROG_FLEET_VIRTUAL_H

#include <orchestrator/fleet/executor.h>

/* Virtual clusters: a run is one `rog-trainer simulate` process. */
extern const struct rog_executor rog_virtual_executor;

#endif
