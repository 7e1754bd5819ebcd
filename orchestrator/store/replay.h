/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_REPLAY_H
#define ROG_STORE_REPLAY_H

/* How well the hosts of a run kept to the bandwidth that they were to replay: the events
 * "replay-end" of its hosts. A run that was simulated or paced in user space has none. */

#include <stdbool.h>
#include <stdint.h>

#include <orchestrator/store/db.h>

struct rog_replay {
    bool recorded; /* there is at least one */
    /* The host that was off furthest, measured by its tolerance. */
    int64_t rank;
    double error;     /* achieved bits / requested bits - 1, while there was something to send; NaN:
                         no host knows */
    double tolerance; /* NaN: none was set */
};

int rog_replay_load(struct rog_db *db, const char *run_id, struct rog_replay *replay,
                    struct rog_error *err);

/* Its bandwidth was not what was asked for: the run is marked wherever it is shown. */
bool rog_replay_is_off(const struct rog_replay *replay);
/* "off by +7.2% on worker 3, more than the tolerance of 5%". Heap memory. */
char *rog_replay_text(const struct rog_replay *replay);

#endif
