/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LAB_LAB_H
#define ROG_LAB_LAB_H

/*
 * The lab: an ssh cluster of network namespaces on this machine. Each host (0 the server, 1..N the
 * workers) is a namespace "roglabK" with an interface "eth0" on the bridge "roglab-br" and a real
 * sshd that listens only on its address; this machine has an address on the bridge, too. Keys,
 * known_hosts and configuration are created in ROG_LAB_DIR, readable only by root; this machine's
 * own sshd and the users' ~/.ssh are neither used nor changed. The hosts share this machine's
 * files, but each has its own cache folder in ROG_LAB_CACHE_DIR, so that files are deployed to
 * each.
 *
 * There is one lab per machine. Names are fixed, so that `down` finds everything without a record,
 * even after a crash or an incomplete `up`.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <orchestrator/lab/paths.h>
#include <rog/error.h>

#define ROG_LAB_MAX_WORKERS 250
#define ROG_LAB_ADDRESS_BYTES 32

/* Builds a lab. An existing lab with as many workers and working hosts is left as it is; remains of
 * a lab are removed first. Errors: ROG_EINVAL if not root; ROG_ENOTFOUND if a program is missing
 * (the message names the package); ROG_EBUSY if a lab of another size is up; ROG_EFAILED. After an
 * error, everything created is removed again. */
int rog_lab_up(unsigned workers, struct rog_error *err);

/* Removes everything. Sets *found (may be NULL) if there was anything. */
int rog_lab_down(bool *found, struct rog_error *err);

struct rog_lab_host {
    unsigned number; /* 0: the server */
    char space[16];  /* the namespace */
    char address[ROG_LAB_ADDRESS_BYTES];
    pid_t sshd; /* 0: it does not run */
};

struct rog_lab_status {
    struct rog_lab_host host[ROG_LAB_MAX_WORKERS + 1];
    unsigned count; /* number of namespaces */
    bool complete;  /* as many hosts as in the cluster file, each with its sshd */
};
int rog_lab_status(struct rog_lab_status *status, struct rog_error *err);

#endif
