/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SETBACKS_H
#define ROG_STORE_SETBACKS_H

/* What did not go as it should in a run that came to its end all the same: workers that were not
 * there any more, processes that were killed and started again, and the time whose work was lost
 * when the server was. The run is marked with it wherever it is shown. A run on a virtual cluster
 * loses nothing. */

#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

struct rog_setbacks {
    int64_t workers, finished; /* all, and those that took part to the end; 0: not said */
    int64_t restarts;          /* of processes */
    double lost_s; /* of the run, in all: the server went on from what it had saved before */
};

int rog_setbacks_load(struct rog_db *db, const char *run_id, struct rog_setbacks *setbacks,
                      struct rog_error *err);
/* Adds those of another run; of workers, those of the run that more were away from. */
void rog_setbacks_add(struct rog_setbacks *sum, const struct rog_setbacks *more);

/* Into a JSON object, and out of one: "workers_finished" (with "workers", where they are said),
 * "restarts", "lost_s". */
void rog_setbacks_put(const struct rog_setbacks *setbacks, struct rog_json *object);
void rog_setbacks_read(struct rog_setbacks *setbacks, const struct rog_json *object);

/* "workers_away" [{rank, since_s, came}]: who was not there any more when the run ended, and since
 * when of it; 0: since before it began, or without `came` it never did. Nothing where all were. */
int rog_setbacks_put_away(struct rog_db *db, const char *run_id, struct rog_json *object,
                          struct rog_error *err);

/* "3 of 4 workers to the end, 2 processes started again, 7.3 s of the run lost", "" where there was
 * nothing. */
#define ROG_SETBACKS_BYTES 128
void rog_setbacks_text(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES]);
/* The same as short as it goes behind a label: "3 of 4 workers, 7.3 s lost". What changes nothing
 * of what is shown is left out. */
void rog_setbacks_mark(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES]);

#endif
