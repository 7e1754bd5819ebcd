/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_TEMPORARY_H
#define ROG_COMMON_TEMPORARY_H

/*
 * Temporary files and folders that are removed even if their creator is killed. Their names have a
 * mark (NAME.rogpart-xxxxxx), and they are locked (flock) while a process uses them. A process that
 * creates one in the same folder removes those that are not locked. For file.h and scratch.h, which
 * other code uses.
 */

#include <rog/error.h>

/* Creates one beside `path`: `make` is called with its name and returns a descriptor, or -1 with
 * errno. *name is heap memory, the result a descriptor that holds the lock; -1 with errno. */
int rog_temporary_make(const char *path, int (*make)(const char *name), char **name);

/* Removes from a folder everything that no process is using, by rog_dir_remove. Failing to remove
 * something is not an error. */
void rog_temporary_clean(const char *folder,
                         int (*remove)(const char *path, struct rog_error *err));

#endif
