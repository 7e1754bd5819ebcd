/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SSH_H
#define ROG_SSH_SSH_H

/*
 * A connection to a host by SSH (libssh behind it; its types stay in ssh*.c).
 *
 * Honoured of ~/.ssh/config and /etc/ssh/ssh_config, or of the file given: HostName, User, Port,
 * IdentityFile, UserKnownHostsFile, GlobalKnownHostsFile, ProxyCommand, ProxyJump (which runs the
 * ssh client of package openssh-client for the hop), ConnectTimeout and the algorithm lists. What
 * libssh does not know (ControlMaster, HostKeyAlias, ...) has no effect. A host whose key is not in
 * known_hosts, or is another one there, is refused whatever StrictHostKeyChecking says; the error
 * has the line that accepts it. Logging in is by agent and keys, then by what the host asks for
 * (keyboard-interactive) and by password; passphrases, answers and passwords are asked for through
 * `ask` or not at all, and are forgotten after use.
 *
 * The caller ignores SIGPIPE.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/hosts/connection.h>
#include <rog/error.h>

struct rog_ssh_options {
    const char *host;   /* as written in the cluster file: a name, an address, or a Host of the
                           configuration */
    const char *user;   /* NULL: the configuration's, or who runs this program */
    unsigned port;      /* 0: the configuration's, or 22 */
    const char *config; /* NULL: ~/.ssh/config and /etc/ssh/ssh_config */
    double timeout_s;   /* to connect and log in, and for a peer that has fallen silent */
    /* Asks a person for `what` ("Passphrase of the key FILE"; ssh/credentials.h). *number is that
     * of the answer that was not right, 0 before the first, and becomes that of the new one. False:
     * there is none. NULL: nobody is asked. */
    bool (*ask)(void *user, const char *what, bool echo, unsigned *number, char *answer,
                size_t bytes);
    void *ask_user;
};

/* Errors: ROG_EINVAL bad options, an unknown or changed host key; ROG_EFAILED the host cannot be
 * reached or does not let us in; ROG_EIO; ROG_ENOMEM. */
int rog_ssh_connect(struct rog_connection **connection, const struct rog_ssh_options *options,
                    struct rog_error *err);

/* A command line for the host's shell: each argument in quotes, whatever is in it. Heap memory. */
char *rog_ssh_quote(const char *const *argv);

#endif
