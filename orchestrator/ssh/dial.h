/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_DIAL_H
#define ROG_SSH_DIAL_H

/* A socket to a host: over TCP, at each of its addresses in turn, or through the command that the
 * configuration names. */

#include <common/process.h>
#include <orchestrator/ssh/settings.h>
#include <rog/error.h>

struct rog_ssh_dial {
    const struct rog_ssh_settings *settings;
    double timeout_s;
    bool (*stopped)(void *user); /* asked several times a second; NULL: never */
    void *user;
};

/* *proxy is the command that the socket leads to, if any: it is ended by rog_process_kill.
 * ROG_EFAILED the host cannot be reached; ROG_EINVAL the configuration makes no sense; ROG_EINTR
 * `stopped` said so; ROG_EIO; ROG_ENOMEM. */
int rog_ssh_dial(const struct rog_ssh_dial *dial, int *socket, struct rog_process *proxy,
                 struct rog_error *err);

#endif
