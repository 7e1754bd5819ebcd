/* SPDX-License-Identifier: Apache-2.0 */

/* Writes the event of a checkpoint. */

#include <librog/events/checkpoint.h>

#include <rog/events.h>

int rog_checkpoint_report(struct rog_events *events, const struct rog_checkpoint *checkpoint,
                          struct rog_error *err)
{
    rog_event_begin(events, ROG_EVENT_CHECKPOINT, checkpoint->t_s, 0);
    rog_event_integer(events, "iteration", checkpoint->iteration);
    rog_event_string(events, "path", checkpoint->path);
    rog_event_string(events, "sha256", checkpoint->sha256);
    return rog_event_end(events, err);
}
