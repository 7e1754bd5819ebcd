/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_CONTAINER_H
#define ROG_HOST_CONTAINER_H

/*
 * The container that a role runs in: one for each start of the role, by docker or podman, named
 * after the run's folder. `settings` are those of common/container.h. rogctl's folder of the host
 * is there under the same path, so that the trainer and what the run reads are found, and what is
 * written; below it lies the container's home, which outlives it.
 */

#include <stdbool.h>

#include <common/json.h>
#include <rog/error.h>

/* Of its containers: the folder of rogctl that their run is in. */
#define ROG_CONTAINER_LABEL "rogctl"

/* *words: an array of texts, to which what the container is to run has to be added without its
 * program, which is `program`. Asks the runtime, where that is needed, how users are mapped.
 * ROG_EINVAL names a folder that is not there. */
int rog_host_container_words(struct rog_json **words, const struct rog_json *settings,
                             const char *folder, const char *program, struct rog_error *err);

/* Kills and removes the container of the folder; where there is none this does nothing. */
void rog_host_container_remove(const struct rog_json *settings, const char *folder);

/*
 * What is missing for a container here, NULL: nothing that can be seen without starting it. One of
 *   runtime     its program is not installed         permission  the user may not use it
 *   daemon      it does not answer                   image       the image is not here
 *   machine     the image is for another machine     mount       a folder to be mounted is not here
 * with the reason in `why`.
 */
const char *rog_host_container_lacks(const struct rog_json *settings, struct rog_error *why);

/* Whether its containers end when the user is no longer logged in, with the reason in `why`. */
bool rog_host_container_ends_with_session(const struct rog_json *settings, struct rog_error *why);

#endif
