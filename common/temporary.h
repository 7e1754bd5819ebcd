/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_TEMPORARY_H
#define ROG_COMMON_TEMPORARY_H

/*
 * Files and folders that are there for a while only, also when whoever made them is killed: their
 * names tell them from all else (NAME.rogpart-xxxxxx), they are locked (flock) as long as somebody
 * is at work on them, and who makes one in the same folder next removes what nobody has locked.
 * For file.h and scratch.h, which others use.
 */

#include <rog/error.h>

/* A new one beside `path`, which `make` (a descriptor, or -1 with errno) makes under the name that
 * it is given. *name is heap memory, the result a descriptor that holds the lock; -1 with errno. */
int rog_temporary_make(const char *path, int (*make)(const char *name), char **name);

/* Removes from a folder everything that no process is working on, by rog_dir_remove. Failing to
 * remove something is no error. */
void rog_temporary_clean(const char *folder,
                         int (*remove)(const char *path, struct rog_error *err));

#endif
