/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_SNAPSHOT_H
#define ROG_SIM_SNAPSHOT_H

/*
 * Snapshots of a run on a virtual cluster (common/snapshot.h): when one is due, how it is written
 * so that a whole one is always there, and whether the one that is there is of this run.
 *
 * Time is that of the machine, so that what an interruption costs does not depend on how fast the
 * virtual cluster is. One is due when the setting snapshot_period has gone by since the last, and
 * that one's writing has been at most 2% of the time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <common/json.h>
#include <rog/error.h>
#include <trainer/run/train.h>

/* A state of more bytes than this is not kept. */
#define ROG_SNAPSHOT_MAX_BYTES (UINT64_C(8) << 30)

/* Zero-initialize. */
struct rog_snapshots {
    const struct rog_train *train; /* borrowed */
    char *path;
    struct rog_json *of; /* as in the header; NULL: no snapshots are taken */
    double due_s;
};

/* The run has been prepared. No snapshots are taken where the setting says so, and of a strategy
 * that cannot save what it remembers: *why is then a sentence for people, else NULL. */
int rog_snapshots_init(struct rog_snapshots *snapshots, const struct rog_train *train,
                       const char *run_folder, const char **why, struct rog_error *err);
void rog_snapshots_release(struct rog_snapshots *snapshots);

/* None will be due any more. */
void rog_snapshots_give_up(struct rog_snapshots *snapshots);
bool rog_snapshots_due(const struct rog_snapshots *snapshots);
/* Puts one in the place of the last, which stays where this fails. `archive` saves the state.
 * ROG_EIO, ROG_ENOMEM; ROG_EFAILED: it is too large, and none will be due any more. */
int rog_snapshots_write(struct rog_snapshots *snapshots, double t_s, uint64_t events_bytes,
                        void (*archive)(void *user, struct rog_archive *archive), void *user,
                        struct rog_error *err);

/* One that is there, in memory. Zero-initialize. */
struct rog_snapshot {
    void *bytes; /* the whole file */
    size_t size;
    uint64_t events_bytes;
    struct rog_archive archive; /* loads the state */
};
/* Checks it and opens it. ROG_ENOTFOUND: there is none; ROG_EFORMAT: it is damaged; ROG_EINVAL: it
 * is another run's, and what differs. Release it in any case. */
int rog_snapshots_open(const struct rog_snapshots *snapshots, struct rog_snapshot *snapshot,
                       struct rog_error *err);
void rog_snapshot_release(struct rog_snapshot *snapshot);

/* Removes what there is in a run's folder. */
int rog_snapshots_remove(const char *run_folder, struct rog_error *err);

#endif
