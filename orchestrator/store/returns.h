/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_RETURNS_H
#define ROG_STORE_RETURNS_H

/*
 * Workers of a run in real time that returned after their process had died or had been silent for
 * too long. What a worker had done after the iteration from which it continues is lost and
 * repeated; meters of a new process start again at 0. The event "join" reports a return; it has no
 * iteration if the worker joins for the first time.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/store/db.h>

struct rog_return {
    int64_t rank;
    double t;          /* s */
    int64_t iteration; /* iteration after which it continues */
};

struct rog_returns {
    struct rog_return *item; /* [count] by rank, then t */
    size_t count;
};

int rog_returns_load(struct rog_db *db, const char *run_id, struct rog_returns *returns,
                     struct rog_error *err);
void rog_returns_release(struct rog_returns *returns);

/* Returns a worker's last return after `after_s` and not after `until_s`; NULL if there was
 * none. */
const struct rog_return *rog_returns_between(const struct rog_returns *returns, int64_t rank,
                                             double after_s, double until_s);

/* Tolerance for clocks of several hosts, and for the time between the join and the next reading. */
#define ROG_RETURN_EXACT_S 1.0

/* For meters: returns whether a value that decreases between two readings restarted from 0. */
static inline bool rog_returns_restarted(const struct rog_returns *returns, int64_t rank,
                                         double before_s, double after_s)
{
    return rog_returns_between(returns, rank, before_s - ROG_RETURN_EXACT_S,
                               after_s + ROG_RETURN_EXACT_S) != NULL;
}

#endif
