/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_RESOLVE_H
#define ROG_SSH_RESOLVE_H

/*
 * What the user's ssh configuration says about one host.
 *
 * `ssh -G HOST` is asked for it where the OpenSSH client is installed, so that Match, Include,
 * canonical names and defaults are ssh's own. Where it is not, config_file.h reads the files. The
 * tokens (%d) and variables (${NAME}) that `ssh -G` leaves in paths are filled in here.
 */

#include <orchestrator/ssh/settings.h>

struct rog_ssh_target {
    const char *host;   /* does not begin with '-' */
    const char *user;   /* NULL: the configuration's, or who runs this program */
    unsigned port;      /* 0: the configuration's, or 22 */
    const char *config; /* NULL: the user's file and the system's */
    /* Asked several times a second while ssh -G runs, which is ended then; NULL: never. */
    bool (*stopped)(void *user);
    void *stopped_user;
};

/* Errors: ROG_EINVAL the configuration cannot be used; ROG_EFAILED ssh -G did not answer;
 * ROG_EINTR; ROG_ENOMEM. *settings is to be released either way. */
int rog_ssh_settings_read(struct rog_ssh_settings *settings, const struct rog_ssh_target *target,
                          struct rog_error *err);

#endif
