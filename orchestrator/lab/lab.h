/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LAB_LAB_H
#define ROG_LAB_LAB_H

/*
 * The lab: an ssh cluster out of network namespaces on this machine. Each host (0 the server, 1..N
 * the workers) is a namespace "roglabK" with an interface "eth0" on the bridge "roglab-br" and a
 * real sshd that listens on its address alone; this machine has an address on the bridge too. Keys,
 * known_hosts and configuration are made on the spot in ROG_LAB_DIR, readable by root alone;
 * nothing of this machine's own sshd or of anybody's ~/.ssh is used or changed. The hosts share
 * this machine's files, but each has a cache folder of its own in ROG_LAB_CACHE_DIR, so that what
 * is deployed travels to each.
 *
 * There is one lab a machine. Names are fixed, so that `down` finds everything without a record,
 * also after a crash or half an `up`.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <orchestrator/lab/paths.h>
#include <rog/error.h>

#define ROG_LAB_MAX_WORKERS 250
#define ROG_LAB_ADDRESS_BYTES 32

/* Builds a lab. One that is there with as many workers and alive is left as it is; remains of one
 * are removed first. Errors: ROG_EINVAL not root; ROG_ENOTFOUND a program is missing (the message
 * names the package); ROG_EBUSY a lab of another size is up; ROG_EFAILED. What was made before an
 * error is removed again. */
int rog_lab_up(unsigned workers, struct rog_error *err);

/* Removes everything. *found (may be NULL): whether there was anything. */
int rog_lab_down(bool *found, struct rog_error *err);

struct rog_lab_host {
    unsigned number; /* 0: the server */
    char space[16];  /* the namespace */
    char address[ROG_LAB_ADDRESS_BYTES];
    pid_t sshd; /* 0: none runs there */
};

struct rog_lab_status {
    struct rog_lab_host host[ROG_LAB_MAX_WORKERS + 1];
    unsigned count; /* namespaces */
    bool complete;  /* as many as the cluster file wants, each with its sshd */
};
int rog_lab_status(struct rog_lab_status *status, struct rog_error *err);

#endif
