/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SETBACKS_H
#define ROG_STORE_SETBACKS_H

/* What did not go as it should in a run that came to its end all the same: processes that were
 * killed and started again, and the time whose work was lost when the server was. The run is marked
 * with it wherever it is shown. A run on a virtual cluster loses nothing. */

#include <stdint.h>

#include <orchestrator/store/db.h>

struct rog_setbacks {
    int64_t restarts; /* of processes */
    double lost_s;    /* of the run, in all: the server went on from what it had saved before */
};

int rog_setbacks_load(struct rog_db *db, const char *run_id, struct rog_setbacks *setbacks,
                      struct rog_error *err);
/* Adds those of another run. */
void rog_setbacks_add(struct rog_setbacks *sum, const struct rog_setbacks *more);

/* "2 processes started again, 7.3 s of the run lost", "" where there was nothing. */
#define ROG_SETBACKS_BYTES 128
void rog_setbacks_text(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES]);
/* The same as short as it goes behind a label: "7.3 s lost". What changes nothing of what is shown
 * is left out. */
void rog_setbacks_mark(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES]);

#endif
