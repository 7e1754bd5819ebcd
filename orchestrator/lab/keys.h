/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LAB_KEYS_H
#define ROG_LAB_KEYS_H

/* Creates the lab's files: keys, known_hosts, configurations of ssh and sshd. */

#include <stddef.h>

#include <rog/error.h>

/* Of "10.213.77.": addresses are 10.213.77.K+1. */
#define ROG_LAB_PREFIX_BYTES 16

/* Returns the user who logs in, which is the user of this process. */
int rog_lab_user(char *name, size_t bytes, struct rog_error *err);

/* Creates the folder, the user's key and authorized_keys. */
int rog_lab_make_user_key(struct rog_error *err);
/* Creates the host's folder with its key and sshd_config. */
int rog_lab_make_host(unsigned number, const char *address, struct rog_error *err);
/* Creates known_hosts and ssh_config for `count` hosts. The address of host k is `prefix` followed
 * by k + 1. */
int rog_lab_make_client(unsigned count, const char *prefix, struct rog_error *err);
/* Creates the cluster file, which must be written last. */
int rog_lab_make_cluster(unsigned count, const char *prefix, struct rog_error *err);

#endif
