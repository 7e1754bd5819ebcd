/* SPDX-License-Identifier: Apache-2.0 */
/* Repeats measurements that other work on the machine may disturb. */
#ifndef ROG_TESTS_TRIES_SUPPORT_H
#define ROG_TESTS_TRIES_SUPPORT_H

#include <stdbool.h>
#include <stdio.h>

#define TRIES 3

/* Calls `measure` until its result is right, at most TRIES times. Wrong code fails each time.
 * Returns whether it was right once. */
static inline bool right_once(bool (*measure)(void *user), void *user)
{
    for (int i = 1; i <= TRIES; i++) {
        if (measure(user))
            return true;
        printf("  not within bounds in try %d of %d\n", i, TRIES);
    }
    return false;
}

#endif
