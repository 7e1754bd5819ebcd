/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SSH_STATE_H
#define ROG_SSH_SSH_STATE_H

/* Shared by ssh.c, host_key.c, auth.c, keys.c, shell.c and files.c only. */

#include <libssh/libssh.h>
#include <libssh/sftp.h>

#include <common/process.h>
#include <orchestrator/ssh/settings.h>
#include <orchestrator/ssh/ssh.h>
#include <orchestrator/ssh/watch.h>

struct rog_ssh {
    struct rog_connection connection; /* must be first: they are converted into each other */
    ssh_session session;
    sftp_session sftp; /* opened when it is first needed */
    struct rog_ssh_settings settings;
    char *name;
    double timeout_s;
    struct rog_ssh_watch *watch; /* covers every call that waits for the host */
    struct rog_process proxy;    /* that the connection uses, if any */
    bool lost;                   /* given up: it can only be closed */
};

static inline struct rog_ssh *rog_ssh_of(struct rog_connection *connection)
{
    return (struct rog_ssh *)connection;
}

/* Fills *err with what was attempted and libssh's error, or with the reason why the connection was
 * cut (watch.h): ROG_EFAILED, ROG_EINTR. */
int rog_ssh_fail(struct rog_ssh *ssh, struct rog_error *err, const char *what);
/* Adds to *err which words of the configuration are not supported. */
int rog_ssh_fail_unsupported(const struct rog_ssh *ssh, struct rog_error *err);
/* Returns " -F FILE" for advice, quoted if necessary, or "" if there is none. Heap memory. */
char *rog_ssh_config_flag(const struct rog_ssh_settings *settings);
/* host_key.c. Before connecting: sets the types of host keys in the order of preference. */
int rog_ssh_order_host_keys(struct rog_ssh *ssh, struct rog_error *err);
/* Checks that the host's key is known. Errors: ROG_EINVAL. */
int rog_ssh_check_host_key(struct rog_ssh *ssh, struct rog_error *err);
/* Logs in with the agent, key files, and answers of the user. Errors: ROG_EFAILED. */
int rog_ssh_log_in(struct rog_ssh *ssh, const struct rog_ssh_options *options,
                   struct rog_error *err);
/* shell.c. Runs a test command to check that commands run as given. Errors: ROG_EINVAL, with a
 * hint, if a start-up file or the login shell prevents that; ROG_EFAILED. */
int rog_ssh_check_shell(struct rog_ssh *ssh, struct rog_error *err);

/* files.c: operations of the connection. */
int rog_ssh_upload(struct rog_connection *connection, const char *local, const char *remote,
                   unsigned mode, double timeout_s, struct rog_error *err);
int rog_ssh_size(struct rog_connection *connection, const char *remote, uint64_t *bytes,
                 struct rog_error *err);
int rog_ssh_download(struct rog_connection *connection, const char *remote, uint64_t offset,
                     rog_take_data take, void *user, uint64_t *end, struct rog_error *err);

#endif
