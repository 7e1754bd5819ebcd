/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_FILES_H
#define ROG_FLEET_REMOTE_FILES_H

/*
 * What a run needs on a host besides the trainer: the files that its configuration names, and the
 * configuration with their places there. No connection is needed for this.
 */

#include <stddef.h>

#include <common/json.h>
#include <orchestrator/deploy/deploy.h>
#include <orchestrator/inputs/inputs.h>
#include <rog/error.h>

struct rog_remote_files {
    struct rog_deploy_item *item; /* names and sources are owned */
    size_t count;
    struct rog_json *config;         /* the run's, its paths beginning with ROG_REMOTE_TREE */
    const struct rog_inputs *inputs; /* of the maker; NULL: not known */
};

/* Where the deployed tree will be, in a configuration that is not of any host yet. */
#define ROG_REMOTE_TREE "@tree@"

/* Traces, data, the starting model, a plugin that is named by its path: by the hashes that they
 * have in `inputs` (NULL: as they are now), which deploying them holds them to. With start_model
 * NULL the host needs no starting model. ROG_EINVAL: a file that the configuration names is not
 * there. */
int rog_remote_files_new(struct rog_remote_files **files, const struct rog_json *config,
                         const struct rog_inputs *inputs, const char *start_model,
                         struct rog_error *err);
void rog_remote_files_free(struct rog_remote_files *files);

/* The configuration for a host with the tree there. Heap memory, NULL without memory. */
char *rog_remote_config(const struct rog_remote_files *files, const char *tree);

#endif
