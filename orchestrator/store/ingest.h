/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_INGEST_H
#define ROG_STORE_INGEST_H

/*
 * Stores an event stream in the tables (formats: rog/events.h). The table `streams` records how
 * many bytes of it are stored, in the same transaction as the rows, so that storing can resume at
 * that byte. A run of several processes has one stream for each.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/paths.h>

/* Bytes of a text that says what a run waits for. */
#define ROG_WAITING_BYTES 160

/* What has been stored, for progress and to decide whether the run is complete. */
struct rog_ingest_state {
    uint64_t stored_bytes;
    double t;                                   /* of the latest event, s */
    int64_t iteration;                          /* largest of all workers */
    int64_t iterations;                         /* events seen */
    int64_t iterations_due;                     /* planned sum of all workers; 0: not known */
    double compute_s, communication_s, stall_s; /* sums over workers and iterations */
    double done;                                /* 0..1, estimated by the trainer */
    int64_t checkpoints;                        /* events seen */
    int64_t other_results;           /* the trainer's version of results if it differs from
                                        ROG_RESULTS_VERSION; else 0 */
    char waiting[ROG_WAITING_BYTES]; /* what the last event "progress" waits for, or "" */
    double waiting_at_s;             /* when waiting was first reported, on rog_clock_s */
    char resumed[ROG_WAITING_BYTES]; /* the server's message when it last resumed from its saved
                                        state, or "" */
    double resumed_s;                /* time of that in the run, s */
    int64_t away;     /* rank of the worker that left last and has not returned; or 0 */
    double away_at_s; /* when that was read, on rog_clock_s */
    bool ended;       /* the end event is stored */
    bool failed;      /* an error event is stored */
    int64_t damaged;  /* lines that were left out (rog_ingest_forgive) */
    char message[ROG_ERROR_MESSAGE_BYTES]; /* of the error event */
};

struct rog_ingest;

/* db is borrowed. `stream` is the file, relative to the run's folder. Resumes at the byte that
 * `streams` records, or at byte 0 if it has no row for the stream. */
int rog_ingest_new(struct rog_ingest **ingest, struct rog_db *db, const char *run_id,
                   const char *stream, struct rog_error *err);
void rog_ingest_free(struct rog_ingest *ingest);

/* From now on, skips and counts invalid lines: what one host of many has written is no reason to
 * lose the events of the others. */
void rog_ingest_forgive(struct rog_ingest *ingest);
/* Returns what was wrong with the last invalid line; *at is the byte of the stream where it
 * begins. */
const char *rog_ingest_damage(const struct rog_ingest *ingest, uint64_t *at);

/* Stores the complete lines of `text` (which begins at byte state->stored_bytes of the stream) in
 * one transaction. Bytes after the last newline are left for the next call. Returns ROG_EFORMAT,
 * and stores nothing, if a line is not an event, or if a worker's stream contains a line of another
 * rank. An iteration that a worker repeats, for example after it was killed and restarted, replaces
 * the first one. */
int rog_ingest_lines(struct rog_ingest *ingest, const char *text, size_t size,
                     struct rog_error *err);
const struct rog_ingest_state *rog_ingest_state(const struct rog_ingest *ingest);

/* Stores the test of a checkpoint in the row with that path (relative to the database's folder).
 * Returns ROG_EFORMAT if the checksums of the saved and the tested model differ. */
int rog_ingest_accuracy(struct rog_db *db, const char *run_id, const char *path,
                        const struct rog_json *event, struct rog_error *err);

/* Records that the run ends now with that status. `why` is the error; NULL if it succeeded. */
int rog_ingest_end(struct rog_db *db, const char *run_id, const char *status, const char *why,
                   struct rog_error *err);

/* Deletes all rows of a run's earlier attempt and the positions in its streams. The row in `runs`
 * stays. Within the caller's transaction. */
int rog_ingest_forget(struct rog_db *db, const char *run_id, struct rog_error *err);

/* Does the same for a run that resumes and whose streams are stored again from their first byte.
 * The tests of its checkpoints are kept, and apply to checkpoints that are stored again
 * unchanged. */
int rog_ingest_rewind(struct rog_db *db, const char *run_id, struct rog_error *err);

/* Bytes of a time in the tables: UTC, YYYY-MM-DDThh:mm:ssZ. */
#define ROG_UTC_BYTES 32
void rog_utc_now(char text[ROG_UTC_BYTES]);

#endif
