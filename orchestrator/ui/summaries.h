/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_SUMMARIES_H
#define ROG_UI_SUMMARIES_H

/*
 * Numbers of runs that lists show and sort by, taken from the summaries of `rogctl runs`
 * (store/summary.h). They require reading all rows of a run, so a background thread computes them
 * once and keeps them.
 */

#include <orchestrator/store/browse.h>

/* Members of a summary, and `best`, the best test result. */
enum { ROG_SUMMARY_NUMBERS = 13 };
struct rog_summary_number {
    const char *name;
    bool is_integer;
};
extern const struct rog_summary_number rog_summary_numbers[ROG_SUMMARY_NUMBERS];

struct rog_run_numbers {
    double value[ROG_SUMMARY_NUMBERS];
    char mark[128]; /* errors during the run (store/setbacks.h); "": none */
};

struct rog_summaries;

/* `path` is borrowed; `news` is called when more numbers are known. */
int rog_summaries_start(struct rog_summaries **summaries, const char *path,
                        void (*news)(void *user, size_t known, size_t of), void *user,
                        struct rog_error *err);
void rog_summaries_stop(struct rog_summaries *summaries);

/* To be called when the database has changed. */
void rog_summaries_look(struct rog_summaries *summaries);

/* Gets the known numbers of a run; those of a running one may be slightly old. False: unknown. */
bool rog_summaries_get(struct rog_summaries *summaries, const struct rog_listed_run *run,
                       struct rog_run_numbers *numbers);
/* The same, and computes them if they are unknown. */
int rog_summaries_make(struct rog_summaries *summaries, struct rog_db *db,
                       const struct rog_listed_run *run, struct rog_run_numbers *numbers,
                       struct rog_error *err);
size_t rog_summaries_count(struct rog_summaries *summaries);

#endif
