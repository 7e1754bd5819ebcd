/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_SNAPSHOT_H
#define ROG_SIM_SNAPSHOT_H

/*
 * Snapshots of a run on a virtual cluster (common/snapshot.h): when one is due, how it is written
 * so that a complete one always exists, and whether an existing one is of this run.
 *
 * Time is the machine's, so that the cost of an interruption does not depend on the speed of the
 * virtual cluster. A snapshot is due when the setting snapshot_period has passed since the last
 * one, and writing takes at most 2% of the time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <common/json.h>
#include <rog/error.h>
#include <trainer/run/train.h>

/* Larger states than this are not saved. */
#define ROG_SNAPSHOT_MAX_BYTES (UINT64_C(8) << 30)

/* Zero-initialize. */
struct rog_snapshots {
    const struct rog_train *train; /* borrowed */
    char *path;
    struct rog_json *of; /* what the run is identified by in the header; NULL: no snapshots are
                            taken */
    double due_s;
};

/* Call it when the run has been prepared. No snapshots are taken if the setting disables them, or
 * if the strategy cannot save its state: *why is then a sentence for the user, otherwise NULL. */
int rog_snapshots_init(struct rog_snapshots *snapshots, const struct rog_train *train,
                       const char *run_folder, const char **why, struct rog_error *err);
void rog_snapshots_release(struct rog_snapshots *snapshots);

/* Disables further snapshots. */
void rog_snapshots_give_up(struct rog_snapshots *snapshots);
bool rog_snapshots_due(const struct rog_snapshots *snapshots);
/* Replaces the last snapshot, which remains if this fails. `archive` saves the state. ROG_EIO,
 * ROG_ENOMEM; ROG_EFAILED: it is too large, and no further ones will be due. */
int rog_snapshots_write(struct rog_snapshots *snapshots, double t_s, uint64_t events_bytes,
                        void (*archive)(void *user, struct rog_archive *archive), void *user,
                        struct rog_error *err);

/* An existing snapshot, in memory. Zero-initialize. */
struct rog_snapshot {
    void *bytes; /* the whole file */
    size_t size;
    uint64_t events_bytes;
    struct rog_archive archive; /* loads the state */
};
/* Checks and opens the snapshot. ROG_ENOTFOUND: it does not exist; ROG_EFORMAT: it is damaged;
 * ROG_EINVAL: it is another run's, with the difference. Release it in any case. */
int rog_snapshots_open(const struct rog_snapshots *snapshots, struct rog_snapshot *snapshot,
                       struct rog_error *err);
void rog_snapshot_release(struct rog_snapshot *snapshot);

/* Removes the snapshots in a run's folder. */
int rog_snapshots_remove(const char *run_folder, struct rog_error *err);

#endif
