/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SWEEPS_DETACH_H
#define ROG_SWEEPS_DETACH_H

/*
 * A process that goes on without the terminal: this command again, in a session of its own, with
 * empty input and its output in the entry's log. Where the user has a service manager that outlives
 * their logins (systemd with lingering) it is in a unit of that, which no logout ends.
 */

#include <stdbool.h>

#include <rog/error.h>

struct rog_detached {
    char *id;        /* of its entry (registry.h) */
    char *log;       /* path */
    bool is_unit;    /* of the user's service manager */
    bool ends_early; /* the system ends what users have started when they log out, this too */
};

/* Whether this process is one: whoever detached it has said so. */
bool rog_is_detached(void);

/* Starts it, and waits until it has entered itself. `name` is what its ID begins with. ROG_EFAILED:
 * it has ended at once; the message has its last words. Release in any case. */
int rog_detach(const char *name, struct rog_detached *detached, struct rog_error *err);
void rog_detached_release(struct rog_detached *detached);

#endif
