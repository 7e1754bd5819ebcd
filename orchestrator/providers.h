/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_PROVIDERS_H
#define ROG_ORCHESTRATOR_PROVIDERS_H

/* Providers of agents: their table, and parsing the user's choice. */

#include <orchestrator/pool/provider.h>

/* `given` is the value of --on, NAME or NAME:FILE; *file points into it, NULL without a FILE.
 * ROG_EINVAL: the name is unknown, or a file is missing or superfluous. */
int rog_provider_find(const char *given, const struct rog_pool_provider **provider,
                      const char **file, struct rog_error *err);
/* NULL past the end. */
const struct rog_pool_provider *rog_provider_at(size_t index);

#endif
