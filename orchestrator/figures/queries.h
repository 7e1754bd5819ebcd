/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_QUERIES_H
#define ROG_FIGURES_QUERIES_H

/*
 * The queries for figures and reports, in addition to those of store/summary.h. Each can be
 * executed unchanged in the sqlite3 shell: sqlite3 results.db, `.parameter set ?1 "'RUN'"`, then
 * the text.
 */

/* ?1 case. Runs of a case: id, a text that is equal for runs that differ only in their seed, the
 * number of its strategy (library, threshold and parameters) among those of the database, in the
 * order in which they were first recorded, from 0; and the run's own place in that order. */
extern const char rog_query_case_runs[];

/* ?1 run. As in the published table (ROG, MICRO 2022): computation is the mean of host rank 3's
 * compute_s; communication and stall together the mean of its push and pull with the stall; stall
 * the mean over all iterations of all workers; communication the difference. An imported run has
 * these means of its logs as an event, because the tables hold compressing as part of push and
 * pull. */
extern const char rog_query_composition_as_published[];

/* ?1 run. At each end of an iteration: t, and the megabytes of its push divided by the number of
 * workers; NULL if bytes are not recorded. */
extern const char rog_query_sent[];

/* ?1 run. Means over workers: megabytes sent and received in the run; of each worker's means over
 * its iterations the local steps, the ages of rows sent and received and the staleness. NULL: not
 * recorded. */
extern const char rog_query_exchange[];

/* ?1 run, ?2 rank, ?3 from, ?4 to, s. Bandwidth: t, mbps; the first row is the value that is valid
 * at ?3. */
extern const char rog_query_bandwidth[];
/* Same parameters. The worker's transmissions: t of the end of an iteration, its push_s, pull_s and
 * stall_s, and the percentage of rows in its push and in its pull. */
extern const char rog_query_transmissions[];
/* Same parameters. Staleness: at each end of an iteration of any worker t and the largest iteration
 * of any worker minus this one's. */
extern const char rog_query_staleness[];

/* As read by the published script (the artifact's scripts/draw_microevent.py): only at the ends of
 * iterations of one worker, the third one on the server. An imported run records which rank that
 * is; otherwise it is rank 3. */
extern const char rog_query_staleness_as_published[];

/* ?1 run. What microevents can draw: rank, first and last t, iterations, bandwidth readings. */
extern const char rog_query_microevents_ranks[];
/* ?1 run. Layers whose rows are recorded, in order: name, rows. */
extern const char rog_query_row_layers[];
/* ?1 run, ?2 rank, ?3 from, ?4 to, s. Iterations within that time and the one after it: the end of
 * the push and of the pull, s; whether all rows were in each; the counts of rows by layer of each
 * as JSON, NULL if not recorded. */
extern const char rog_query_row_counts[];
/* Runs that record rows by layer, latest first. */
extern const char rog_query_row_runs[];
/* ?1 run. The cases the run belongs to, oldest first. */
extern const char rog_query_cases_of_run[];
/* Runs that have the data microevents needs, latest first. */
extern const char rog_query_microevents_runs[];
/* ?1 run. Workers with their host: rank, host, facts. */
extern const char rog_query_workers[];

#endif
