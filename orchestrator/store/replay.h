/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_REPLAY_H
#define ROG_STORE_REPLAY_H

/* How closely the hosts of a run followed the bandwidth that they had to replay: the events
 * "replay-end" of its hosts. A run that was simulated or paced in user space has none. */

#include <stdbool.h>
#include <stdint.h>

#include <orchestrator/store/db.h>

struct rog_replay {
    bool recorded; /* there is at least one such event */
    /* The host with the largest error relative to its tolerance. */
    int64_t rank;
    double error; /* achieved bits / requested bits - 1, while there was data to send; NaN: no host
                     knows */
    double tolerance; /* NaN: none was set */
};

int rog_replay_load(struct rog_db *db, const char *run_id, struct rog_replay *replay,
                    struct rog_error *err);

/* Returns whether the bandwidth differed from the requested one. The run is then marked wherever it
 * is shown. */
bool rog_replay_is_off(const struct rog_replay *replay);
/* Returns "off by +7.2% on worker 3, more than the tolerance of 5%". Heap memory. */
char *rog_replay_text(const struct rog_replay *replay);

#endif
