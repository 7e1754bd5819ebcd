/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a worker's contribution from the settings of a run. */
#include <librog/parts/contribution.h>

#include <string.h>

void rog_contribution_read(struct rog_contribution_config *config, const struct rog_json *settings)
{
    const char *kind = rog_json_get_string(settings, "contribution", "gradient");
    *config = (struct rog_contribution_config){
        .kind = strcmp(kind, "delta") == 0 ? ROG_CONTRIBUTION_DELTA : ROG_CONTRIBUTION_GRADIENT,
        .error_feedback = rog_json_get_number(settings, "error_feedback", 1),
        .momentum_masking = rog_json_get_bool(settings, "momentum_masking", false),
        .clip_norm = rog_json_get_number(settings, "clip_norm", 0),
        .merge = rog_json_get_number(settings, "merge", 0),
        .overlap = rog_json_get_bool(settings, "overlap", false),
    };
}
