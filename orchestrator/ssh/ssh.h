/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SSH_H
#define ROG_SSH_SSH_H

/*
 * A connection to a host by SSH (with libssh, whose types stay in ssh*.c).
 *
 * `ssh -G` resolves ~/.ssh/config and /etc/ssh/ssh_config, or the file given; config_file.c does if
 * no ssh client is installed (resolve.h). Keys are offered as ssh offers them (keys.h), then the
 * host's questions are answered (keyboard-interactive), then a password is tried. Passphrases,
 * answers and passwords are asked for through `ask`, or not at all, and are forgotten after use. A
 * host is rejected if its key is not in a file of known hosts, differs from it, or is revoked
 * (known_hosts.h), whatever StrictHostKeyChecking says; the error has the command that accepts the
 * key. ProxyJump runs the ssh client for the hops. Commands run under any login shell. A login
 * shell that runs no commands, and start-up files that print, wait or start something else, are
 * errors with a hint (shell.c). Unsupported features (certificates of hosts, PKCS#11) are named in
 * the errors that they cause.
 *
 * The caller must ignore SIGPIPE.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/hosts/connection.h>
#include <rog/error.h>

struct rog_ssh_options {
    const char *host;   /* as written in the cluster file: a name, an address, or a Host of the
                           configuration */
    const char *user;   /* NULL: the configuration's, or the user of this process */
    unsigned port;      /* 0: the configuration's, or 22 */
    const char *config; /* NULL: ~/.ssh/config and /etc/ssh/ssh_config */
    double timeout_s;   /* to connect and log in, and for a peer that is silent */
    /* Asks the user for `what` ("Passphrase of the key FILE"; ssh/credentials.h). *number is that
     * of the wrong answer, 0 before the first, and is set to that of the new one. Returns false if
     * there is no answer. NULL: never ask. */
    bool (*ask)(void *user, const char *what, bool echo, unsigned *number, char *answer,
                size_t bytes);
    void *ask_user;
    /* Called several times a second, by another thread, while a call waits. If it returns true, the
     * call ends with ROG_EINTR, and the connection is lost. NULL: never. */
    bool (*stopped)(void *user);
    void *stopped_user;
};

/* Errors: ROG_EINVAL for invalid options, an unknown or changed host key, or a login shell or
 * start-up files that do not let commands run; ROG_EFAILED if the host cannot be reached or
 * authentication fails; ROG_EINTR; ROG_EIO; ROG_ENOMEM. */
int rog_ssh_connect(struct rog_connection **connection, const struct rog_ssh_options *options,
                    struct rog_error *err);

#endif
