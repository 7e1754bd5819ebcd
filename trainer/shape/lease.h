/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_LEASE_H
#define ROG_SHAPE_LEASE_H

/*
 * A dead man's timer: a file that somebody touches as long as what goes on is wanted. Whether it
 * was touched is seen by a change of its time, and how long ago by the steady clock: a wall clock
 * that is set while a run goes on, as on a device without a battery for its clock, neither ends a
 * lease nor prolongs it.
 */

#include <stdbool.h>
#include <time.h>

struct rog_lease {
    const char *path; /* borrowed */
    bool begun;       /* it has been looked at; before, all is 0 */
    struct timespec touched;
    double seen_s; /* when the file was first seen with that time */
};

/* Looks at the file at `now_s` of the steady clock. True when it is gone, or has not been touched
 * for more than timeout_s since the first look. */
bool rog_lease_is_over(struct rog_lease *lease, double timeout_s, double now_s);

#endif
