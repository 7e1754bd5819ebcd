/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SSH_STATE_H
#define ROG_SSH_SSH_STATE_H

/* What ssh.c, auth.c and files.c share: nobody else includes this. */

#include <libssh/libssh.h>
#include <libssh/sftp.h>

#include <orchestrator/ssh/ssh.h>

struct rog_ssh {
    struct rog_connection connection; /* first: each is known by the other */
    ssh_session session;
    sftp_session sftp; /* opened when it is first needed */
    char *name;
    double timeout_s;
    bool lost; /* given up: only its end is left */
};

static inline struct rog_ssh *rog_ssh_of(struct rog_connection *connection)
{
    return (struct rog_ssh *)connection;
}

/* Fills *err with what was attempted and what libssh says about it. */
int rog_ssh_fail(struct rog_ssh *ssh, struct rog_error *err, const char *what);
/* By agent, keys, and what a person answers. ROG_EFAILED. */
int rog_ssh_log_in(struct rog_ssh *ssh, const struct rog_ssh_options *options,
                   struct rog_error *err);

/* files.c: operations of the connection. */
int rog_ssh_upload(struct rog_connection *connection, const char *local, const char *remote,
                   unsigned mode, double timeout_s, struct rog_error *err);
int rog_ssh_size(struct rog_connection *connection, const char *remote, uint64_t *bytes,
                 struct rog_error *err);
int rog_ssh_download(struct rog_connection *connection, const char *remote, uint64_t offset,
                     rog_take_data take, void *user, uint64_t *end, struct rog_error *err);

#endif
