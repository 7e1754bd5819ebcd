/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_WRAPPER_H
#define ROG_CONF_WRAPPER_H

/* The command through which a host's trainer is started: the words of `wrap`, or a `container`. */

#include <common/json.h>
#include <orchestrator/conf/file.h>
#include <rog/error.h>

/* Completes `container` in the settings of a host: missing members come from the cluster's (NULL:
 * none), then from the defaults. A host with its own `wrap`, or with the runtime "none", has no
 * container. `node` is the host in its file. ROG_EINVAL names file, line and member. */
int rog_wrapper_resolve(struct rog_json *host, const struct rog_json *cluster,
                        const struct rog_conf_node *node, struct rog_error *err);

/* Returns whether the host has a container. */
bool rog_wrapper_is_there(const struct rog_json *host);
/* Adds "wrap", "container" and "environment" of host.json to `spec`. `port` is the port that the
 * host listens on, 0: none. */
void rog_wrapper_put(struct rog_json *spec, const struct rog_json *host, unsigned port);

#endif
