/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SETBACKS_H
#define ROG_STORE_SETBACKS_H

/* What went wrong in a run that finished all the same: workers that were away at its end, processes
 * that were killed and restarted, and the run time whose work was lost when the server was
 * restarted. The run is marked with it wherever it is shown. A run on a virtual cluster loses
 * nothing. */

#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

struct rog_setbacks {
    int64_t workers, finished; /* all workers, and those present until the end; 0: not recorded */
    int64_t restarts;          /* restarts of processes */
    double lost_s; /* run time lost in total, as the server resumed from an earlier saved state */
};

int rog_setbacks_load(struct rog_db *db, const char *run_id, struct rog_setbacks *setbacks,
                      struct rog_error *err);
/* Adds the setbacks of another run. Numbers of workers are those of the run with more workers
 * away. */
void rog_setbacks_add(struct rog_setbacks *sum, const struct rog_setbacks *more);

/* Write to a JSON object and read from it: "workers_finished" (with "workers", if known),
 * "restarts", "lost_s". */
void rog_setbacks_put(const struct rog_setbacks *setbacks, struct rog_json *object);
void rog_setbacks_read(struct rog_setbacks *setbacks, const struct rog_json *object);

/* Adds "workers_away" [{rank, since_s, came}]: workers that were away when the run ended, and since
 * which time of the run. since_s is 0 if the worker left before the run began, or, if `came` is
 * false, never connected. Adds nothing if no worker was away. */
int rog_setbacks_put_away(struct rog_db *db, const char *run_id, struct rog_json *object,
                          struct rog_error *err);

/* Writes "3 of 4 workers to the end, 2 processes restarted, 7.3 s of the run lost", or "" if there
 * were no setbacks. */
#define ROG_SETBACKS_BYTES 128
void rog_setbacks_text(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES]);
/* Writes a short form for use after a label: "3 of 4 workers, 7.3 s lost". Leaves out what does not
 * affect the values shown. */
void rog_setbacks_mark(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES]);

#endif
