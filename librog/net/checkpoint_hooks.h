/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_CHECKPOINT_HOOKS_H
#define ROG_LINK_CHECKPOINT_HOOKS_H

/* What a server asks its owner about checkpoints: when one is due, how it is written and read. */

#include <librog/events/checkpoint.h>
#include <rog/error.h>

struct rog_checkpoint_hooks {
    /* Returns when the first checkpoint after after_s is due, in seconds since the run's start. */
    double (*due_s)(void *user, double after_s);
    /* Writes `params` and the model's constants to a file in the run's folder; fills in path and
     * sha256. Only with values. It is called in a separate thread with a copy of the model, except
     * for the last checkpoint, when nothing else is running. */
    int (*write)(void *user, const float *params, struct rog_checkpoint *checkpoint,
                 struct rog_error *err);
    /* Reads the file into the model. Only with values. */
    int (*read)(void *user, const char *path, struct rog_error *err);
};

#endif
