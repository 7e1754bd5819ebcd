/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_ROLE_H
#define ROG_HOST_ROLE_H

/* The server or worker that a supervisor runs, directly or behind a wrapper: the words `wrap` or a
 * container. With a wrapper, the process is the wrapper's, and the role is the child of rog-trainer
 * inside behind it (inside.h). */

#include <stdbool.h>
#include <stdint.h>

#include <common/process.h>
#include <rog/error.h>
#include <trainer/host/leash.h>
#include <trainer/host/spec.h>

struct rog_host_role {
    struct rog_process process; /* status and signal are the role's own once it has ended */
    bool serves, wrapped, runs_program;
    struct rog_leash leash; /* connects to the role behind a wrapper */
    bool told;              /* the outcome of the role behind a wrapper is known */
    const char *name;       /* "the server", "the worker" */
    const char *events;     /* file that it writes its events to, relative to the folder */
    const char *copy;       /* file that they are forwarded to; NULL: none */
    char *program;          /* path of this program */
    struct rog_json *line;  /* the command line */
    const char **words;     /* the same as an array of strings */
    char *folder, *config, *key, *out; /* absolute, since a wrapper may have another current
                                          folder */
    char rank[16];
};
#define ROG_HOST_ROLE_NONE \
    ((struct rog_host_role){.process = ROG_PROCESS_NONE, .leash = ROG_LEASH_NONE})

/* ROG_EIO, ROG_ENOMEM. The current folder must be the host's. */
int rog_host_role_init(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err);
void rog_host_role_release(struct rog_host_role *role);

/* Sets the environment of the role, or of its wrapper, in this process. */
void rog_host_role_set_environment(const struct rog_host_spec *spec);

/* Starts the role for the `start`-th time, counted from 0: later starts follow when it was killed.
 * A server resumes from the state in the folder, also if the controller has put it there.
 * ROG_EFAILED if it cannot be executed. */
int rog_host_role_start(struct rog_host_role *role, const struct rog_host_spec *spec,
                        uint32_t start, struct rog_error *err);
/* Starts the wrapper with rog_host_inside_try instead of the role. */
int rog_host_role_start_try(struct rog_host_role *role, const struct rog_host_spec *spec,
                            struct rog_error *err);

/* Determines whether its process has ended. If so, also ends everything that is left of it:
 * ROG_EFAILED if that is not possible. */
int rog_host_role_look(struct rog_host_role *role, const struct rog_host_spec *spec, bool *ended,
                       struct rog_error *err);
/* Ends the role and everything that is left of it. Does nothing if it is not running. */
int rog_host_role_stop(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err);

/* Returns the signal that killed an ended role or its wrapper; 0: none. */
int rog_host_role_killed_by(const struct rog_host_role *role);
/* Names the process that ended: "the worker", or "the worker's wrapper, docker,"; writes to `text`
 * and returns it. */
const char *rog_host_role_title(const struct rog_host_role *role, char *text, size_t bytes);
/* Returns whether the role can be restarted: a server needs a checkpoint. */
bool rog_host_role_can_restart(const struct rog_host_role *role);
/* Returns whether it has ever opened the training link. */
bool rog_host_role_took_part(const struct rog_host_role *role);
/* Describes how it ended, with its last output. */
void rog_host_role_explain(const struct rog_host_role *role, struct rog_error *why);

#endif
