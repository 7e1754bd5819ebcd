/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SSH_H
#define ROG_SSH_SSH_H

/*
 * A connection to a host by SSH (libssh behind it; its types stay in ssh*.c).
 *
 * What ~/.ssh/config and /etc/ssh/ssh_config say, or the file given, is resolved by `ssh -G`, or by
 * config_file.c where no ssh is installed (resolve.h). Keys are offered as ssh offers them
 * (keys.h), then comes what the host asks for (keyboard-interactive), then a password; passphrases,
 * answers and passwords are asked for through `ask` or not at all, and are forgotten after use. A
 * host whose key is not in a file of known hosts, is another one there or is revoked
 * (known_hosts.h) is refused whatever StrictHostKeyChecking says; the error has the line that
 * accepts it. ProxyJump runs the ssh client for the hops. Commands run under any login shell; one
 * that runs none, or start-up files that print, wait or do something else, are an error that says
 * what to do (shell.c). What cannot be done here (certificates of
 * hosts, PKCS#11) is named by the error that follows from it.
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
    /* Asked several times a second, by another thread, while a call waits: whether nobody wants it
     * any more. It ends with ROG_EINTR then, and the connection is lost. NULL: never. */
    bool (*stopped)(void *user);
    void *stopped_user;
};

/* Errors: ROG_EINVAL bad options, an unknown or changed host key, a login shell or start-up files
 * that commands do not get through; ROG_EFAILED the host cannot be reached or refuses the login;
 * ROG_EINTR; ROG_EIO; ROG_ENOMEM. */
int rog_ssh_connect(struct rog_connection **connection, const struct rog_ssh_options *options,
                    struct rog_error *err);

#endif
