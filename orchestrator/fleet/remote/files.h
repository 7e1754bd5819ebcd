/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_FILES_H
#define ROG_FLEET_REMOTE_FILES_H

/*
 * The files that a run needs on a host besides the trainer: those that its configuration names, and
 * the configuration with their paths on the host. This needs no connection.
 */

#include <stddef.h>

#include <common/json.h>
#include <orchestrator/deploy/deploy.h>
#include <orchestrator/inputs/inputs.h>
#include <rog/error.h>

struct rog_remote_files {
    struct rog_deploy_item *item; /* names and sources are owned */
    size_t count;
    struct rog_json *config;         /* the run's, with paths that begin with ROG_REMOTE_TREE */
    const struct rog_inputs *inputs; /* those of the caller; NULL: not known */
};

/* Represents the deployed tree in a configuration that is not yet for a particular host. */
#define ROG_REMOTE_TREE "@tree@"

/* Collects traces, data, the starting model and a plugin given by its path, with the hashes from
 * `inputs` (NULL: their current ones), which are checked when they are deployed. start_model NULL:
 * the host needs none. Errors: ROG_EINVAL if a file that the configuration names does not exist. */
int rog_remote_files_new(struct rog_remote_files **files, const struct rog_json *config,
                         const struct rog_inputs *inputs, const char *start_model,
                         struct rog_error *err);
void rog_remote_files_free(struct rog_remote_files *files);

/* Returns the configuration for a host with that tree. Heap memory, NULL if memory ran out. */
char *rog_remote_config(const struct rog_remote_files *files, const char *tree);

#endif
