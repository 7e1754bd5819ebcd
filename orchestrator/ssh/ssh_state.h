/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SSH_STATE_H
#define ROG_SSH_SSH_STATE_H

/* What ssh.c, auth.c and files.c share: nobody else includes this. */

#include <libssh/libssh.h>
#include <libssh/sftp.h>

#include <orchestrator/ssh/ssh.h>

struct rog_ssh {
    ssh_session session;
    sftp_session sftp; /* opened when it is first needed */
    char *name;
    double timeout_s;
    bool lost; /* given up: only rog_ssh_free is left */
};

/* Fills *err with what was attempted and what libssh says about it. */
int rog_ssh_fail(struct rog_ssh *ssh, struct rog_error *err, const char *what);
/* By agent, keys, and what a person answers. ROG_EFAILED. */
int rog_ssh_log_in(struct rog_ssh *ssh, const struct rog_ssh_options *options,
                   struct rog_error *err);

#endif
