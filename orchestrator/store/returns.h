/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_RETURNS_H
#define ROG_STORE_RETURNS_H

/*
 * Workers of a run in real time that came back: the process had died, or had not been heard of for
 * too long. What a worker had done after the iteration that it goes on after is lost, and made
 * again; meters of a new process begin again at 0. The event "join" says it, which is without an
 * iteration where a worker comes for the first time.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/store/db.h>

struct rog_return {
    int64_t rank;
    double t;          /* s */
    int64_t iteration; /* that it goes on after */
};

struct rog_returns {
    struct rog_return *item; /* [count] by rank, then t */
    size_t count;
};

int rog_returns_load(struct rog_db *db, const char *run_id, struct rog_returns *returns,
                     struct rog_error *err);
void rog_returns_release(struct rog_returns *returns);

/* A worker's last return after `after_s` and not after `until_s`; NULL: there was none. */
const struct rog_return *rog_returns_between(const struct rog_returns *returns, int64_t rank,
                                             double after_s, double until_s);

/* Clocks of several hosts, and what passes between the join and what is recorded next. */
#define ROG_RETURN_EXACT_S 1.0

/* For meters: whether a value that falls between two readings began again. */
static inline bool rog_returns_restarted(const struct rog_returns *returns, int64_t rank,
                                         double before_s, double after_s)
{
    return rog_returns_between(returns, rank, before_s - ROG_RETURN_EXACT_S,
                               after_s + ROG_RETURN_EXACT_S) != NULL;
}

#endif
