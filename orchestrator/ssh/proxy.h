/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_PROXY_H
#define ROG_SSH_PROXY_H

/* Commands to reach hosts that cannot be reached directly. */

#include <orchestrator/ssh/settings.h>

/* Builds the command that connects: that of ProxyCommand, or an ssh through the hosts of ProxyJump
 * in their order. *command is heap memory, NULL if the host is reached directly. Errors: ROG_EINVAL
 * if a host of the chain has no usable name, or if there is no ssh client for it. */
int rog_ssh_proxy_command(const struct rog_ssh_settings *settings, char **command,
                          struct rog_error *err);

/* Return whether a text is a safe name of a host or user, even in a shell's command line, where
 * ProxyCommand puts it without quotes (%h, %r). */
bool rog_ssh_is_host_name(const char *name);
bool rog_ssh_is_user_name(const char *name);

#endif
