/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_PROXY_H
#define ROG_SSH_PROXY_H

/* How a host is reached that is not reached directly. */

#include <orchestrator/ssh/settings.h>

/* The command that connects: that of ProxyCommand, or an ssh that goes over the hosts of ProxyJump
 * in their order. Heap memory in *command, NULL where the host is reached directly. ROG_EINVAL a
 * host of the chain has no usable name, or there is no ssh to go over it. */
int rog_ssh_proxy_command(const struct rog_ssh_settings *settings, char **command,
                          struct rog_error *err);

/* Whether a text may stand as the name of a host or user, also in a command line for a shell, where
 * ProxyCommand puts it without quotes (%h, %r). */
bool rog_ssh_is_host_name(const char *name);
bool rog_ssh_is_user_name(const char *name);

#endif
