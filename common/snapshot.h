/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_SNAPSHOT_H
#define ROG_COMMON_SNAPSHOT_H

/*
 * The file that a run on a virtual cluster goes on from when it was interrupted, as both programs
 * know it: the trainer writes and loads it (trainer/sim/snapshot.h), rogctl asks what of the run's
 * event stream it presupposes.
 *
 * DIR/snapshot/state is a header of ROG_SNAPSHOT_HEADER_BYTES, one JSON object with spaces behind
 * it, and then the state. The header has
 *   "format"        ROG_SNAPSHOT_FORMAT
 *   "t"             when it was taken, in the run's time
 *   "events_bytes"  how long events.jsonl was: what follows is written again
 *   "state_bytes", "state_blake2b"
 *   "of"            whose it is: a hash of each thing that the state belongs to, by its name
 *   "header_sha256" of all that, as sorted text: a header that was damaged would cut the stream at
 *                   another place
 * Whatever else is in the folder is left of one that was being written.
 */

#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_SNAPSHOT_FOLDER "snapshot"
#define ROG_SNAPSHOT_FILE "state" /* in it */
#define ROG_SNAPSHOT_HEADER_BYTES 4096
#define ROG_SNAPSHOT_FORMAT 3

/* The path of the file in a run's folder; heap memory, NULL without memory. */
char *rog_snapshot_path(const char *run_folder);
/* Puts the hash of everything else into a header. ROG_ENOMEM. */
int rog_snapshot_seal(struct rog_json *header, struct rog_error *err);
/* Its header. ROG_ENOTFOUND: there is none; ROG_EFORMAT: not a file as above. */
int rog_snapshot_header(const char *path, struct rog_json **header, struct rog_error *err);

#endif
