/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_PREPARATION_H
#define ROG_FLEET_PREPARATION_H

/* What a command of the trainer does for a run before the first of the runs begins. */

#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>
#include <rog/error.h>

struct rog_preparation {
    const char *command;        /* of the trainer, which takes --config FILE */
    const char *option, *value; /* one more option; NULL: none */
    const char *what;           /* for the error: "the starting model x cannot be made" */
    /* A line of its output. The text that is left in `message` is why it has failed; "" where it
     * has not said. */
    void (*line)(void *user, const char *line, char *message, size_t bytes);
    void *user;
};

/* Waits until it has ended. ROG_EFAILED: it ended with an error; ROG_EINTR: a signal came. */
int rog_preparation_run(const struct rog_preparation *preparation,
                        const struct rog_fleet_options *options, struct rog_signals *signals,
                        const struct rog_fleet_job *job, struct rog_error *err);

#endif
