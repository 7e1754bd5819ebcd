/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_CONFIG_FILE_H
#define ROG_SSH_CONFIG_FILE_H

/* Files of an ssh configuration, read where there is no ssh to ask: Host, Include, and Match with
 * what can be known here. Words that are not understood are remembered (not_understood). */

#include <orchestrator/ssh/settings.h>

/* Of settings->config, or of the user's file and then the system's. ROG_EINVAL a line is no
 * setting; ROG_EIO, ROG_EFORMAT a file cannot be read. */
int rog_ssh_config_read(struct rog_ssh_settings *settings, struct rog_error *err);

#endif
