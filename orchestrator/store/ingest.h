/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_INGEST_H
#define ROG_STORE_INGEST_H

/*
 * An event stream into the tables (formats: rog/events.h). The table `streams` remembers how many
 * bytes of it are stored, in the same transaction as the rows, so that a stream can be taken up
 * again where it was left. A run of several processes has a stream of each.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/paths.h>

/* What a run waits for, in words. */
#define ROG_WAITING_BYTES 160

/* What went by, for progress and for the decision whether the run is complete. */
struct rog_ingest_state {
    uint64_t stored_bytes;
    double t;                                   /* of the latest event, s */
    int64_t iteration;                          /* largest of any worker */
    int64_t iterations;                         /* events seen */
    int64_t iterations_due;                     /* of all workers, at most; 0: not known */
    double compute_s, communication_s, stall_s; /* sums over workers and iterations */
    double done;                                /* 0..1, as the trainer estimates it */
    int64_t checkpoints;                        /* events seen */
    int64_t other_results;                      /* the trainer's version of results where it is not
                                                   ROG_RESULTS_VERSION; else 0 */
    char waiting[ROG_WAITING_BYTES];       /* what the last event "progress" waits for, or "" */
    double waiting_at_s;                   /* when that was read first, of rog_clock_s */
    char resumed[ROG_WAITING_BYTES];       /* what the server said when it went on from what it
                                              had saved, the last time; or "" */
    double resumed_s;                      /* of the run */
    int64_t away;                          /* rank of who has left last and not come back; or 0 */
    double away_at_s;                      /* when that was read, of rog_clock_s */
    bool ended;                            /* the end event is in */
    bool failed;                           /* an error event is in */
    int64_t damaged;                       /* lines that were left out (rog_ingest_forgive) */
    char message[ROG_ERROR_MESSAGE_BYTES]; /* of that error */
};

struct rog_ingest;

/* db is borrowed. `stream` is the file, relative to the run's folder. Takes it up where `streams`
 * says; one without a row there begins at byte 0. */
int rog_ingest_new(struct rog_ingest **ingest, struct rog_db *db, const char *run_id,
                   const char *stream, struct rog_error *err);
void rog_ingest_free(struct rog_ingest *ingest);

/* Lines that are no events are left out from now on, and counted: what one host of many has written
 * is no reason to lose what the others do. */
void rog_ingest_forgive(struct rog_ingest *ingest);
/* What was wrong with the last line that was none, and the byte of the stream where it begins. */
const char *rog_ingest_damage(const struct rog_ingest *ingest, uint64_t *at);

/* Stores the complete lines of `text` (which begins at byte state->stored_bytes of the stream) in
 * one transaction. What follows the last line end is left for the next call. A line that is not an
 * event, or in a worker's stream one of another rank, is ROG_EFORMAT, and nothing of this call is
 * stored then. An iteration that a worker does again, as one that was killed and came back may,
 * takes the place of the first. */
int rog_ingest_lines(struct rog_ingest *ingest, const char *text, size_t size,
                     struct rog_error *err);
const struct rog_ingest_state *rog_ingest_state(const struct rog_ingest *ingest);

/* A tested checkpoint: fills the row whose path (relative to the database's folder) it is.
 * ROG_EFORMAT when the checksums of the save and of the test differ. */
int rog_ingest_accuracy(struct rog_db *db, const char *run_id, const char *path,
                        const struct rog_json *event, struct rog_error *err);

/* The run ends now, with that status, and with `why` (NULL: well). */
int rog_ingest_end(struct rog_db *db, const char *run_id, const char *status, const char *why,
                   struct rog_error *err);

/* Deletes every row of a run's earlier attempt and its place in the stream; the runs row stays.
 * Within the caller's transaction. */
int rog_ingest_forget(struct rog_db *db, const char *run_id, struct rog_error *err);

/* The same for a run that goes on, whose streams are stored again from their first byte: what was
 * tested of its checkpoints stays, and holds for those that come in again as they were. */
int rog_ingest_rewind(struct rog_db *db, const char *run_id, struct rog_error *err);

/* The time as the tables hold it: UTC, YYYY-MM-DDThh:mm:ssZ. */
#define ROG_UTC_BYTES 32
void rog_utc_now(char text[ROG_UTC_BYTES]);

#endif
