/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PARTS_CONTRIBUTION_H
#define ROG_PARTS_CONTRIBUTION_H

/* What a worker contributes, as the settings of a run say; what that does: sync/contribution.h. */

#include <common/json.h>
#include <rog/contribution.h>

/* From settings that have been checked. */
void rog_contribution_read(struct rog_contribution_config *config, const struct rog_json *settings);

#endif
