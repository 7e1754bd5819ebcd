/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the iterations of stalls by comparing times. */
#include <orchestrator/import/artifact_stalls.h>

#include <math.h>
#include <stdlib.h>

#define DRIFT_S 0.5 /* most drift between the clocks of two hosts during a run */

/* Bounds on how far the server's clock is ahead of the worker's. */
struct ahead {
    double least_s, most_s;
};

struct alignment {
    const struct rog_artifact_worker *worker;
    struct rog_artifact_stalls *stalls;
    struct ahead *before; /* [stalls]: bounds known before each stall */
    int64_t last;         /* number of the worker's last iteration */
};

/* Returns what a stall implies about the clocks if it belongs to that iteration; if the iteration
 * is missing in the worker's log, its neighbours give the bounds. */
static struct ahead implied(const struct alignment *a, size_t stall, int64_t iteration)
{
    const struct rog_artifact_iteration *item = a->worker->item;
    /* Searches for the first item that is not before the iteration. */
    size_t low = 0, high = a->worker->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (item[middle].iteration < iteration)
            low = middle + 1;
        else
            high = middle;
    }
    double clock_s = a->stalls->item[stall].clock_s;
    return (struct ahead){
        low < a->worker->count ? clock_s - item[low].t : (double)-INFINITY,
        clock_s - (low ? item[low - 1].t : 0),
    };
}

static bool agree(struct ahead one, struct ahead two)
{
    return one.least_s <= two.most_s + DRIFT_S && two.least_s <= one.most_s + DRIFT_S;
}

static struct ahead both(struct ahead one, struct ahead two)
{
    return (struct ahead){fmax(one.least_s, two.least_s), fmin(one.most_s, two.most_s)};
}

/* Returns how many stalls from `first` on are consistent if `missing` stalls before them are
 * missing. */
static size_t agreeing(const struct alignment *a, size_t first, int64_t missing, struct ahead known)
{
    size_t i = first;
    for (; i < a->stalls->count && (int64_t)i + 1 + missing <= a->last; i++) {
        struct ahead said = implied(a, i, (int64_t)i + 1 + missing);
        if (!agree(known, said))
            break;
        known = both(known, said);
    }
    return i - first;
}

/* Assigns `count` stalls from `first` on, and returns the new bounds. */
static struct ahead take(const struct alignment *a, size_t first, size_t count, int64_t missing,
                         struct ahead known)
{
    for (size_t i = first; i < first + count; i++) {
        a->before[i] = known;
        a->stalls->item[i].iteration = (int64_t)i + 1 + missing;
        known = both(known, implied(a, i, a->stalls->item[i].iteration));
    }
    return known;
}

/* Stalls after a gap may have been assigned before the gap was noticed: undoes assignments that are
 * consistent with the gap too. Returns the bounds known before them. */
static struct ahead take_back(const struct alignment *a, size_t first, int64_t missing,
                              struct ahead known)
{
    for (size_t i = first; i-- > 0 && a->stalls->item[i].iteration;) {
        if (!agree(a->before[i], implied(a, i, (int64_t)i + 1 + missing)))
            break;
        a->stalls->item[i].iteration = 0;
        known = a->before[i];
    }
    return known;
}

static int64_t align(const struct alignment *a)
{
    struct ahead known = {(double)-INFINITY, (double)INFINITY};
    int64_t missing = 0;
    for (size_t first = 0; first < a->stalls->count;) {
        size_t most = 0;
        int64_t best = missing;
        for (int64_t more = missing; (int64_t)first + 1 + more <= a->last; more++) {
            size_t count = agreeing(a, first, more, known);
            best = count > most ? more : best;
            most = count > most ? count : most;
        }
        if (most == 0 && (int64_t)first + 1 + missing > a->last)
            most = a->stalls->count - first; /* the worker's log ends before the server's */
        if (most == 0)
            break;
        if (best > missing && first > 0)
            known = take_back(a, first, best, known);
        missing = best;
        known = take(a, first, most, missing, known);
        first += most;
    }
    return missing;
}

int64_t rog_artifact_align(const struct rog_artifact_worker *worker,
                           struct rog_artifact_stalls *stalls, struct rog_error *err)
{
    int64_t last = worker->count ? worker->item[worker->count - 1].iteration : 0;
    struct alignment a = {worker, stalls, NULL, last};
    if (stalls->count == 0 || (int64_t)stalls->count == last) {
        for (size_t i = 0; i < stalls->count; i++)
            stalls->item[i].iteration = (int64_t)i + 1;
        return 0;
    }
    a.before = calloc(stalls->count, sizeof *a.before);
    if (!a.before)
        return rog_fail_nomem(err);
    int64_t missing = align(&a);
    free(a.before);
    return missing;
}
