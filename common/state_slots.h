/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_STATE_SLOTS_H
#define ROG_COMMON_STATE_SLOTS_H

/*
 * Where a server saves what it can go on from between two checkpoints: DIR/state/0 and DIR/state/1,
 * written in turn, so that one of them is whole whenever the server is killed. A file is a line of
 * JSON (`head -1` shows of which moment it is; "t" is the run's time), arrays, and a checksum of
 * all that. rogctl looks at them when it takes a run up.
 *
 * Slots are written in place and left to the kernel to bring to the disk: it keeps what a killed
 * process has written. What a machine that loses its power has lost is found by the checksum; then
 * the other slot or the checkpoint is older, and right.
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

/* Writes `about`, which is given the sizes of the parts, and these into a slot. From any thread.
 * ROG_EIO. */
int rog_state_slot_write(const char *folder, unsigned slot, struct rog_json *about,
                         const struct rog_state_part *parts, size_t count, struct rog_error *err);
/* The description of a slot; NULL: it is empty. The rest has not been checked yet. */
struct rog_json *rog_state_slot_about(const char *folder, unsigned slot);
/* The size of a part as described; -1: there is no such part. */
int64_t rog_state_slot_size(const struct rog_json *about, size_t part);
bool rog_state_slot_is_whole(const char *folder, unsigned slot);
/* Reads the parts into memory of the described sizes. ROG_EFORMAT if damaged; the contents of the
 * parts are then undefined. */
int rog_state_slot_read(const char *folder, unsigned slot, const struct rog_state_part *parts,
                        size_t count, struct rog_error *err);
/* Removes both slots. */
void rog_state_slots_remove(const char *folder);

#endif
