/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_RESOLVE_H
#define ROG_SSH_RESOLVE_H

/*
 * Reads the user's ssh configuration for one host.
 *
 * If the OpenSSH client is installed, `ssh -G HOST` provides it, so that Match, Include, canonical
 * names and defaults are ssh's own. If not, config_file.h reads the files. The tokens (%d) and
 * variables (${NAME}) that `ssh -G` leaves in paths are expanded here.
 */

#include <orchestrator/ssh/settings.h>

struct rog_ssh_target {
    const char *host;   /* does not begin with '-' */
    const char *user;   /* NULL: the configuration's, or the user of this process */
    unsigned port;      /* 0: the configuration's, or 22 */
    const char *config; /* NULL: the user's file and the system's */
    /* Called several times a second while ssh -G runs; if it returns true, ssh is killed. NULL:
     * never. */
    bool (*stopped)(void *user);
    void *stopped_user;
};

/* Errors: ROG_EINVAL if the configuration cannot be used; ROG_EFAILED if ssh -G did not answer;
 * ROG_EINTR; ROG_ENOMEM. Release *settings even after an error. */
int rog_ssh_settings_read(struct rog_ssh_settings *settings, const struct rog_ssh_target *target,
                          struct rog_error *err);

#endif
