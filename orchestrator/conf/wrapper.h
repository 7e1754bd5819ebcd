/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_WRAPPER_H
#define ROG_CONF_WRAPPER_H

/* What the trainer of a host is started through: the words of `wrap`, or a `container`. */

#include <common/json.h>
#include <orchestrator/conf/file.h>
#include <rog/error.h>

/* Completes `container` in the settings of a host: members that it does not have are those of the
 * cluster's (NULL: it has none), then the defaults. A host with a `wrap` of its own, or with the
 * runtime "none", has none. `node` is the host in its file. ROG_EINVAL names file, line and
 * member. */
int rog_wrapper_resolve(struct rog_json *host, const struct rog_json *cluster,
                        const struct rog_conf_node *node, struct rog_error *err);

/* Whether the host has one. */
bool rog_wrapper_is_there(const struct rog_json *host);
/* Puts "wrap", "container" and "environment" as host.json has them into `spec`. `port` is what the
 * host listens on, 0: nothing. */
void rog_wrapper_put(struct rog_json *spec, const struct rog_json *host, unsigned port);

#endif
