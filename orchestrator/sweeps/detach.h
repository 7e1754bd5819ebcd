/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SWEEPS_DETACH_H
#define ROG_SWEEPS_DETACH_H

/*
 * Detached processes: this command again, in a session of its own, with empty input and its output
 * in the log of its registry entry. If the user has a service manager that outlives logins (systemd
 * with lingering), the process runs in one of its units, which no logout ends.
 */

#include <stdbool.h>

#include <rog/error.h>

struct rog_detached {
    char *id;        /* of its entry (registry.h) */
    char *log;       /* path of the log */
    bool is_unit;    /* runs as a unit of the user's service manager */
    bool ends_early; /* the system kills the user's processes at logout, including this one */
};

/* Returns whether this process was started detached: the process that starts it sets a variable of
 * its environment. */
bool rog_is_detached(void);

/* Starts the process, and waits until it has registered itself. `name` is what its ID begins with.
 * ROG_EFAILED: it has ended at once; the message has its last line. Release also after an error. */
int rog_detach(const char *name, struct rog_detached *detached, struct rog_error *err);
void rog_detached_release(struct rog_detached *detached);

#endif
