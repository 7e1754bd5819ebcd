/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LAB_KEYS_H
#define ROG_LAB_KEYS_H

/* The lab's files: keys, known_hosts, configurations of ssh and sshd. */

#include <stddef.h>

#include <rog/error.h>

/* "10.213.77.K+1": the first three numbers, a dot behind them. */
#define ROG_LAB_PREFIX_BYTES 16

/* Who logs in: the user this program runs as. */
int rog_lab_user(char *name, size_t bytes, struct rog_error *err);

/* The folder, the user's key and authorized_keys. */
int rog_lab_make_user_key(struct rog_error *err);
/* Host number's folder with its key and sshd_config. */
int rog_lab_make_host(unsigned number, const char *address, struct rog_error *err);
/* known_hosts and ssh_config for `count` hosts; address of host k is PREFIX followed by k + 1. */
int rog_lab_make_client(unsigned count, const char *prefix, struct rog_error *err);
/* The cluster file: the last to be written. */
int rog_lab_make_cluster(unsigned count, const char *prefix, struct rog_error *err);

#endif
