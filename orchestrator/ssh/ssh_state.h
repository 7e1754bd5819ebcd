/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SSH_STATE_H
#define ROG_SSH_SSH_STATE_H

/* What ssh.c, host_key.c, auth.c, keys.c, shell.c and files.c share: nobody else includes this. */

#include <libssh/libssh.h>
#include <libssh/sftp.h>

#include <common/process.h>
#include <orchestrator/ssh/settings.h>
#include <orchestrator/ssh/ssh.h>
#include <orchestrator/ssh/watch.h>

struct rog_ssh {
    struct rog_connection connection; /* first: each is known by the other */
    ssh_session session;
    sftp_session sftp; /* opened when it is first needed */
    struct rog_ssh_settings settings;
    char *name;
    double timeout_s;
    struct rog_ssh_watch *watch; /* of every call that waits for the host */
    struct rog_process proxy;    /* that the connection goes through, if any */
    bool lost;                   /* given up: only its end is left */
};

static inline struct rog_ssh *rog_ssh_of(struct rog_connection *connection)
{
    return (struct rog_ssh *)connection;
}

/* Fills *err with what was attempted and what libssh says about it, or with why the connection was
 * cut (watch.h): ROG_EFAILED, ROG_EINTR. */
int rog_ssh_fail(struct rog_ssh *ssh, struct rog_error *err, const char *what);
/* Adds to *err which words of the configuration have no effect here. */
int rog_ssh_fail_unsupported(const struct rog_ssh *ssh, struct rog_error *err);
/* " -F FILE" for advice, in quotes where it must be, "" where there is none; heap memory. */
char *rog_ssh_config_flag(const struct rog_ssh_settings *settings);
/* host_key.c. Before connecting: kinds of host keys, in the order to ask for them. */
int rog_ssh_order_host_keys(struct rog_ssh *ssh, struct rog_error *err);
/* Only a host whose key is known will do. ROG_EINVAL. */
int rog_ssh_check_host_key(struct rog_ssh *ssh, struct rog_error *err);
/* By agent, keys, and what a person answers. ROG_EFAILED. */
int rog_ssh_log_in(struct rog_ssh *ssh, const struct rog_ssh_options *options,
                   struct rog_error *err);
/* shell.c. Whether commands run there as they are given, by one that tries it. ROG_EINVAL: a
 * start-up file or the login shell is in the way, named with what to do; ROG_EFAILED. */
int rog_ssh_check_shell(struct rog_ssh *ssh, struct rog_error *err);

/* files.c: operations of the connection. */
int rog_ssh_upload(struct rog_connection *connection, const char *local, const char *remote,
                   unsigned mode, double timeout_s, struct rog_error *err);
int rog_ssh_size(struct rog_connection *connection, const char *remote, uint64_t *bytes,
                 struct rog_error *err);
int rog_ssh_download(struct rog_connection *connection, const char *remote, uint64_t offset,
                     rog_take_data take, void *user, uint64_t *end, struct rog_error *err);

#endif
