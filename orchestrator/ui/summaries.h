/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_SUMMARIES_H
#define ROG_UI_SUMMARIES_H

/*
 * The numbers of runs that lists show and are sorted by, out of the summaries of `rogctl runs`
 * (store/summary.h). They come from all rows of a run, so that they are computed once, by a thread
 * in the background, and kept.
 */

#include <orchestrator/store/browse.h>

/* Members of a summary, and `best`, the best result of its tests. */
enum { ROG_SUMMARY_NUMBERS = 13 };
struct rog_summary_number {
    const char *name;
    bool is_integer;
};
extern const struct rog_summary_number rog_summary_numbers[ROG_SUMMARY_NUMBERS];

struct rog_run_numbers {
    double value[ROG_SUMMARY_NUMBERS];
    char mark[128]; /* what went wrong (store/setbacks.h); "": nothing */
};

struct rog_summaries;

/* `path` stays the caller's; `news` is called when there are more of them. */
int rog_summaries_start(struct rog_summaries **summaries, const char *path,
                        void (*news)(void *user, size_t known, size_t of), void *user,
                        struct rog_error *err);
void rog_summaries_stop(struct rog_summaries *summaries);

/* The database has changed. */
void rog_summaries_look(struct rog_summaries *summaries);

/* What is known of a run; that of a running one may be a moment old. False: nothing. */
bool rog_summaries_get(struct rog_summaries *summaries, const struct rog_listed_run *run,
                       struct rog_run_numbers *numbers);
/* The same, and computes it where it is not known. */
int rog_summaries_make(struct rog_summaries *summaries, struct rog_db *db,
                       const struct rog_listed_run *run, struct rog_run_numbers *numbers,
                       struct rog_error *err);
size_t rog_summaries_count(struct rog_summaries *summaries);

#endif
