/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_PREPARATION_H
#define ROG_FLEET_PREPARATION_H

/* Runs a command of the trainer before the first run starts. */

#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/signals.h>
#include <rog/error.h>

struct rog_preparation {
    const char *command;        /* of the trainer, with --config FILE */
    const char *option, *value; /* an additional option; NULL: none */
    const char *what;           /* for the error: "the starting model x cannot be trained" */
    /* Handles a line of its output. A text that it leaves in `message` is the reason of a failure;
     * "" otherwise. */
    void (*line)(void *user, const char *line, char *message, size_t bytes);
    void *user;
};

/* Waits until the command has exited. Errors: ROG_EFAILED if it failed, ROG_EINTR after a
 * signal. */
int rog_preparation_run(const struct rog_preparation *preparation,
                        const struct rog_fleet_options *options, struct rog_signals *signals,
                        const struct rog_fleet_job *job, struct rog_error *err);

#endif
