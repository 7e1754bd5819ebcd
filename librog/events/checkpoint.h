/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_CHECKPOINT_H
#define ROG_EVENTS_CHECKPOINT_H

/* The description of a checkpoint in events: its time and its file. */

#include <stdint.h>

#include <common/hash.h>
#include <librog/events/events.h>
#include <rog/error.h>

struct rog_checkpoint {
    uint32_t index, iteration;
    double t_s;
    char path[32]; /* relative to the run's folder */
    char sha256[ROG_SHA256_HEX_BYTES];
};

/* Writes its event (rog/events.h). */
int rog_checkpoint_report(struct rog_events *events, const struct rog_checkpoint *checkpoint,
                          struct rog_error *err);

#endif
