/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PARTS_CONTRIBUTION_H
#define ROG_PARTS_CONTRIBUTION_H

/* The contribution of a worker in the settings of a run; sync/contribution.h implements it. */

#include <common/json.h>
#include <rog/contribution.h>

/* Reads it from checked settings. */
void rog_contribution_read(struct rog_contribution_config *config, const struct rog_json *settings);

#endif
