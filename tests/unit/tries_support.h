/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring again what a machine that is busy with something else makes slower or later. */
#ifndef ROG_TESTS_TRIES_SUPPORT_H
#define ROG_TESTS_TRIES_SUPPORT_H

#include <stdbool.h>
#include <stdio.h>

#define TRIES 3

/* Calls `measure` until it says that what it measured is right, TRIES times at most. Wrong code is
 * wrong each time. Returns whether it was right once. */
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
