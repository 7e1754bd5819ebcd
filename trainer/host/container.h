/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_CONTAINER_H
#define ROG_HOST_CONTAINER_H

/*
 * The container that a role runs in: one for each start of the role, by docker or podman, named
 * after the run's folder. `settings` are those of common/container.h. rogctl's folder of the host
 * is mounted under the same path, so that the trainer and the run's files are found and its output
 * is kept; the container's home is a folder in it, which remains when the container is gone.
 */

#include <stdbool.h>

#include <common/json.h>
#include <rog/error.h>

/* Label of its containers; its value is the folder of rogctl that the run is in. */
#define ROG_CONTAINER_LABEL "rogctl"

/* Builds the command line of the container. *words: an array of strings, to which the caller
 * appends the arguments of the command in the container; the command itself is `program`. Asks the
 * runtime, if necessary, how users are mapped. ROG_EINVAL names a folder that does not exist. */
int rog_host_container_words(struct rog_json **words, const struct rog_json *settings,
                             const char *folder, const char *program, struct rog_error *err);

/* Kills and removes the container of the folder; does nothing if there is none. */
void rog_host_container_remove(const struct rog_json *settings, const char *folder);

/*
 * Returns what is missing here for a container; NULL if nothing is, as far as can be seen without
 * starting it. With the reason in `why`, one of
 *   runtime     its program is not installed
 *   permission  the user may not use it
 *   daemon      it does not respond
 *   image       the image is not on this host
 *   machine     the image is for another machine
 *   mount       a folder to be mounted does not exist
 */
const char *rog_host_container_lacks(const struct rog_json *settings, struct rog_error *why);

/* Returns whether its containers stop when the user logs out, with the reason in `why`. */
bool rog_host_container_ends_with_session(const struct rog_json *settings, struct rog_error *why);

#endif
