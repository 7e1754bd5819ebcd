/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_STATE_SLOTS_H
#define ROG_COMMON_STATE_SLOTS_H

/*
 * The state that a server saves between two checkpoints, in order to resume from it: DIR/state/0
 * and DIR/state/1, written in turn, so that one of them is complete whenever the server is killed.
 * A file is a line of JSON (`head -1` shows its time; "t" is the run's time), arrays, and a
 * checksum of everything. rogctl reads them when it resumes a run.
 *
 * Slots are written in place, and the kernel writes them to the disk later: data written by a
 * killed process are not lost. If a machine loses power, the checksum detects missing data; then
 * the other slot or the checkpoint is older, but valid.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_STATE_FOLDER "state" /* DIR/state */
#define ROG_STATE_SLOTS 2

struct rog_state_part {
    void *bytes;
    size_t size;
};

/* Writes `about`, to which the sizes of the parts are added, and the parts into a slot. May be
 * called from any thread. ROG_EIO. */
int rog_state_slot_write(const char *folder, unsigned slot, struct rog_json *about,
                         const struct rog_state_part *parts, size_t count, struct rog_error *err);
/* Returns the description of a slot; NULL if it is empty. The rest has not been checked yet. */
struct rog_json *rog_state_slot_about(const char *folder, unsigned slot);
/* Returns the size of a part according to the description; -1 if there is no such part. */
int64_t rog_state_slot_size(const struct rog_json *about, size_t part);
bool rog_state_slot_is_whole(const char *folder, unsigned slot);
/* Reads the parts into memory of the described sizes. ROG_EFORMAT if damaged; the contents of the
 * parts are then undefined. */
int rog_state_slot_read(const char *folder, unsigned slot, const struct rog_state_part *parts,
                        size_t count, struct rog_error *err);
/* Removes both slots. */
void rog_state_slots_remove(const char *folder);

#endif
