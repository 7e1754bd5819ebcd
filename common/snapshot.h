/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_SNAPSHOT_H
#define ROG_COMMON_SNAPSHOT_H

/*
 * The file from which an interrupted run on a virtual cluster resumes. The trainer writes and loads
 * it (trainer/sim/snapshot.h); rogctl reads which part of the run's event stream it requires.
 *
 * DIR/snapshot/state is a header of ROG_SNAPSHOT_HEADER_BYTES, one JSON object padded with spaces,
 * followed by the state. The header contains
 *   "format"        ROG_SNAPSHOT_FORMAT
 *   "t"             time of the run at which it was taken
 *   "events_bytes"  length of events.jsonl at that time; the rest is written again
 *   "state_bytes", "state_blake2b"
 *   "of"            what the state belongs to: the name and hash of each item
 *   "header_sha256" hash of all other members, as sorted text: a damaged header would cut the event
 *                   stream at a wrong place
 * Other files in the folder are remains of a snapshot that was being written.
 */

#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_SNAPSHOT_FOLDER "snapshot"
#define ROG_SNAPSHOT_FILE "state" /* in that folder */
#define ROG_SNAPSHOT_HEADER_BYTES 4096
#define ROG_SNAPSHOT_FORMAT 3

/* Returns the path of the file in a run's folder; heap memory, NULL if out of memory. */
char *rog_snapshot_path(const char *run_folder);
/* Adds the hash of all other members to a header. ROG_ENOMEM. */
int rog_snapshot_seal(struct rog_json *header, struct rog_error *err);
/* Reads its header. ROG_ENOTFOUND: the file does not exist; ROG_EFORMAT: it has another format. */
int rog_snapshot_header(const char *path, struct rog_json **header, struct rog_error *err);

#endif
