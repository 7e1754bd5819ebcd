/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_ROLE_H
#define ROG_HOST_ROLE_H

/* The server or worker that a supervisor runs, by itself or behind a wrapper: the words `wrap` or
 * a container. Then the process is the wrapper's, and the role is the child of another one behind
 * it (inside.h). */

#include <stdbool.h>
#include <stdint.h>

#include <common/process.h>
#include <rog/error.h>
#include <trainer/host/leash.h>
#include <trainer/host/spec.h>

struct rog_host_role {
    struct rog_process process; /* status and signal are the role's own where it has ended */
    bool serves, wrapped, runs_program;
    struct rog_leash leash; /* of what is behind a wrapper */
    bool told;              /* how what is behind a wrapper has ended is known */
    const char *name;       /* "the server", "the worker" */
    const char *events;     /* the file it writes its events to, relative to the folder */
    const char *copy;       /* the file that they are handed on to; NULL: none */
    char *program;          /* this one */
    struct rog_json *line;  /* the command line */
    const char **words;     /* its words */
    char *folder, *config, *key, *out; /* absolute: a wrapper may have another current folder */
    char rank[16];
};
#define ROG_HOST_ROLE_NONE \
    ((struct rog_host_role){.process = ROG_PROCESS_NONE, .leash = ROG_LEASH_NONE})

/* ROG_EIO, ROG_ENOMEM. The current folder is the host's. */
int rog_host_role_init(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err);
void rog_host_role_release(struct rog_host_role *role);

/* Puts what it is to have, or its wrapper, into this process's environment. */
void rog_host_role_set_environment(const struct rog_host_spec *spec);

/* Starts it for the time `start`, from 0: after that one that was killed starts again. A server
 * goes on from what is in the folder, also where the controller has put it there. ROG_EFAILED where
 * it cannot be executed. */
int rog_host_role_start(struct rog_host_role *role, const struct rog_host_spec *spec,
                        uint32_t start, struct rog_error *err);
/* Starts the wrapper with nothing in it but rog_host_inside_try. */
int rog_host_role_start_try(struct rog_host_role *role, const struct rog_host_spec *spec,
                            struct rog_error *err);

/* Whether its process has ended. Then all that is left of it is ended, too: ROG_EFAILED where that
 * cannot be. */
int rog_host_role_look(struct rog_host_role *role, const struct rog_host_spec *spec, bool *ended,
                       struct rog_error *err);
/* Ends it, with the same care. Harmless where it does not run. */
int rog_host_role_stop(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err);

/* Of one that has ended: the signal that killed it or its wrapper; 0: none. */
int rog_host_role_killed_by(const struct rog_host_role *role);
/* Whose end that was: "the worker", or "the worker's wrapper, docker,"; writes to `text` and
 * returns it. */
const char *rog_host_role_title(const struct rog_host_role *role, char *text, size_t bytes);
/* A server needs a checkpoint to go on from. */
bool rog_host_role_can_restart(const struct rog_host_role *role);
/* It has ever opened the training link. */
bool rog_host_role_took_part(const struct rog_host_role *role);
/* How it ended, with its last words. */
void rog_host_role_explain(const struct rog_host_role *role, struct rog_error *why);

#endif
