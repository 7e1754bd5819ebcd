/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_ROLE_H
#define ROG_HOST_ROLE_H

/* The server or worker that a supervisor runs. */

#include <stdbool.h>

#include <common/process.h>
#include <rog/error.h>
#include <trainer/host/spec.h>

struct rog_host_role {
    struct rog_process process;
    bool serves, wrapped, runs_program;
    const char *name;         /* "the server", "the worker" */
    const char *events;       /* the file it writes its events to, relative to the folder */
    const char *copy;         /* the file that they are handed on to; NULL: none */
    char *program;            /* this one */
    const char **words;       /* the command line */
    char *config, *key, *out; /* absolute: a wrapper may have another current folder */
    char rank[16];
};
#define ROG_HOST_ROLE_NONE ((struct rog_host_role){.process = ROG_PROCESS_NONE})

/* ROG_EIO, ROG_ENOMEM. The current folder is the host's. */
int rog_host_role_init(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err);
void rog_host_role_release(struct rog_host_role *role);

/* Starts it; `again`: after one that was killed. ROG_EFAILED where it cannot be executed. */
int rog_host_role_start(struct rog_host_role *role, const struct rog_host_spec *spec, bool again,
                        struct rog_error *err);

/* Of one that has ended: the signal that killed it, also where a wrapper says so; 0: none. */
int rog_host_role_killed_by(const struct rog_host_role *role);
/* A server needs a checkpoint to go on from. */
bool rog_host_role_can_restart(const struct rog_host_role *role);
/* It has ever opened the training link. */
bool rog_host_role_took_part(const struct rog_host_role *role);
/* How it ended, with its last words. */
void rog_host_role_explain(const struct rog_host_role *role, struct rog_error *why);

#endif
