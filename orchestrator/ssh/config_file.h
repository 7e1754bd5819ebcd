/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_CONFIG_FILE_H
#define ROG_SSH_CONFIG_FILE_H

/* Reads the files of an ssh configuration, if the ssh client is not installed: Host, Include, and
 * Match with the criteria that can be evaluated here. Words that are not supported are recorded
 * (not_understood). */

#include <orchestrator/ssh/settings.h>

/* Reads settings->config, or the user's file and then the system's. Errors: ROG_EINVAL if a line is
 * not a setting; ROG_EIO or ROG_EFORMAT if a file cannot be read. */
int rog_ssh_config_read(struct rog_ssh_settings *settings, struct rog_error *err);

#endif
