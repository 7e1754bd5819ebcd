/* SPDX-License-Identifier: Apache-2.0 */
/* Checks admissions against the strategy's promises. */
#include <orchestrator/check/bound.h>

#include <stdio.h>

/* An admission, and the context of its check. */
struct admission {
    const struct rog_record *record;
    const struct rog_promises *promises;
    const struct rog_admit *admit;
    char who[128];
    struct rog_finding_list *list;
};

/* Returns the smallest iteration over the workers present at t of their latest push that had begun,
 * or had arrived (`of`), by then; ROG_RECORD_AWAY if no worker was present. Events exactly at t are
 * interpreted in favour of the record. */
static int64_t oldest(const struct rog_record *record, double t,
                      int64_t (*of)(const struct rog_record_worker *worker, double t,
                                    double tolerance_s))
{
    int64_t oldest = ROG_RECORD_AWAY;
    for (size_t w = 0; w < record->workers; w++) {
        int64_t pushed = of(&record->worker[w], t, record->tolerance_s);
        oldest = pushed < oldest ? pushed : oldest;
    }
    return oldest;
}

/* Checks the age of rows: neither the version that was waited for nor the oldest row may be older
 * than promised. */
static void check_rows_age(const struct admission *at)
{
    const struct rog_admit *admit = at->admit;
    int64_t least = admit->iteration - at->promises->bound;
    if (at->promises->bounded && admit->needed > 0 && admit->needed < least)
        rog_finding_add(at->list, "%s: %s %lld needs version %lld, it asked for %lld", at->who,
                        at->record->row.library, (long long)at->record->row.threshold,
                        (long long)least, (long long)admit->needed);
    else if (at->promises->bounded && admit->oldest < least)
        rog_finding_add(at->list, "%s: %s %lld needs version %lld, the oldest row had %lld",
                        at->who, at->record->row.library, (long long)at->record->row.threshold,
                        (long long)least, (long long)admit->oldest);
    else if (admit->oldest < admit->needed)
        rog_finding_add(at->list, "%s: version %lld was needed, the oldest row had %lld", at->who,
                        (long long)admit->needed, (long long)admit->oldest);
}

static void check_grants(const struct admission *at)
{
    const struct rog_admit *admit = at->admit;
    int64_t most = at->promises->most_granted;
    if (most > 0 && (admit->granted < 1 || admit->granted > most))
        rog_finding_add(
            at->list, "%s: %lld workers had a grant at that time, but %s allows at most %lld",
            at->who, (long long)admit->granted, at->record->row.library, (long long)most);
}

/* Checks how far the worker was ahead of complete pushes, and how many workers had pushed its
 * iteration. */
static void check_company(const struct admission *at)
{
    const struct rog_admit *admit = at->admit;
    const struct rog_promises *promises = at->promises;
    const char *library = at->record->row.library;
    if (!promises->ahead_bounded && !promises->least_quorum)
        return;
    if (admit->active < 1) {
        rog_finding_add(at->list, "%s: it does not record the progress of the other workers",
                        at->who);
        return;
    }
    int64_t ahead = admit->iteration - admit->slowest;
    if (promises->ahead_bounded && ahead > promises->most_ahead)
        rog_finding_add(at->list,
                        "%s: it was %lld iterations ahead of the last push of the slowest worker, "
                        "%s %lld allows %lld",
                        at->who, (long long)ahead, library, (long long)at->record->row.threshold,
                        (long long)promises->most_ahead);
    int64_t quorum = promises->least_quorum;
    if (admit->reached < (quorum < admit->active ? quorum : admit->active))
        rog_finding_add(at->list,
                        "%s: %lld of %lld workers had pushed that iteration, %s waits for %lld",
                        at->who, (long long)admit->reached, (long long)admit->active, library,
                        (long long)quorum);
}

/* Checks the recorded versions against pushes. No row can be newer than the last push that
 * contained it, or, if pushes contain whole models, older. The slowest worker's iteration must
 * match its pushes. */
static void check_pushes(const struct admission *at)
{
    const struct rog_admit *admit = at->admit;
    int64_t newest = oldest(at->record, admit->t, rog_record_begun);
    int64_t least = oldest(at->record, admit->t, rog_record_arrived);
    if (admit->oldest > newest)
        rog_finding_add(at->list,
                        "%s: it records version %lld for all rows, but one worker had pushed only "
                        "up to iteration %lld",
                        at->who, (long long)admit->oldest, (long long)newest);
    if (at->promises->least_share >= 1 && least < ROG_RECORD_AWAY && admit->oldest < least)
        rog_finding_add(at->list,
                        "%s: it records version %lld for the oldest row, but all workers had "
                        "already pushed iteration %lld",
                        at->who, (long long)admit->oldest, (long long)least);
    if (admit->active > 0 && newest < ROG_RECORD_AWAY &&
        (admit->slowest > newest || (least < ROG_RECORD_AWAY && admit->slowest < least)))
        rog_finding_add(
            at->list,
            "%s: it records that all workers had pushed iteration %lld, but they had pushed %lld",
            at->who, (long long)admit->slowest,
            (long long)(admit->slowest > newest ? newest : least));
}

void rog_verify_bound(const struct rog_record *record, const struct rog_promises *promises,
                      struct rog_finding_list *list)
{
    if (promises->no_bound)
        rog_finding_unchecked(list, "what an admission waits for: %s", promises->no_bound);
    for (size_t i = 0; i < record->admits; i++) {
        const struct rog_admit *admit = &record->admit[i];
        struct admission at = {
            .record = record, .promises = promises, .admit = admit, .list = list};
        snprintf(at.who, sizeof at.who, "admission of rank %lld to iteration %lld at %.6f s",
                 (long long)admit->rank, (long long)admit->iteration, admit->t);
        list->checked++;
        check_rows_age(&at);
        check_grants(&at);
        check_company(&at);
        check_pushes(&at);
    }
}
