/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_LEASE_H
#define ROG_SHAPE_LEASE_H

/*
 * A lease: a file that another process touches as long as this process is needed. A touch is
 * recognized by a change of the file's time, and its age is measured by the monotonic clock:
 * setting the wall clock during a run, as on a device without a battery for its clock, neither
 * expires a lease nor extends it.
 */

#include <stdbool.h>
#include <time.h>

struct rog_lease {
    const char *path; /* borrowed */
    bool begun;       /* it has been checked once; before, all is 0 */
    struct timespec touched;
    double seen_s; /* time at which this modification time was first seen */
};

/* Checks the file at `now_s` of the monotonic clock. Returns true if it is gone, or was not touched
 * for more than timeout_s since the first check. */
bool rog_lease_is_over(struct rog_lease *lease, double timeout_s, double now_s);

#endif
