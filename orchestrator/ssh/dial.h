/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_DIAL_H
#define ROG_SSH_DIAL_H

/* Opens a socket to a host: by TCP, trying each of its addresses, or through the proxy command of
 * the configuration. */

#include <common/process.h>
#include <orchestrator/ssh/settings.h>
#include <rog/error.h>

struct rog_ssh_dial {
    const struct rog_ssh_settings *settings;
    double timeout_s;
    bool (*stopped)(void *user); /* called several times a second; NULL: never */
    void *user;
};

/* *proxy becomes the command behind the socket, if any; end it with rog_process_kill. Errors:
 * ROG_EFAILED if the host cannot be reached; ROG_EINVAL if the configuration is invalid; ROG_EINTR
 * if `stopped` returned true; ROG_EIO; ROG_ENOMEM. */
int rog_ssh_dial(const struct rog_ssh_dial *dial, int *socket, struct rog_process *proxy,
                 struct rog_error *err);

#endif
