/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_CACHE_H
#define ROG_DATA_CACHE_H

/*
 * Files that take long to create are created once and kept. The process that creates one holds its
 * lock, so that of several processes that need it at the same time one works and the others wait
 * for the result. The lock of a process that dies is released; the file is either complete or
 * missing.
 */

#include <rog/error.h>
#include <trainer/data/dataset.h>

struct rog_lock {
    int fd; /* -1: not held */
};
#define ROG_LOCK_NONE \
    {                 \
        -1            \
    }

/* Waits for the lock that belongs to the file `path` ("PATH.lock" beside it, which is not removed)
 * and removes what a killed holder left incomplete. Missing folders are created. */
int rog_lock_take(struct rog_lock *lock, const char *path, struct rog_error *err);
/* The same without waiting. ROG_EBUSY: another process holds it. */
int rog_lock_try(struct rog_lock *lock, const char *path, struct rog_error *err);
void rog_lock_release(struct rog_lock *lock); /* does nothing if not held */

/* Returns CACHE/FOLDER/SHA256(recipe).SUFFIX, heap memory. */
int rog_cache_path(char **path, const char *folder, const char *recipe, const char *suffix,
                   struct rog_error *err);

/*
 * Opens the data set that `recipe` describes: from its file in the cache, or, if the file is
 * missing or damaged (according to its checksum), from `make`, whose result is written to the
 * cache.
 */
int rog_cache_dataset(struct rog_dataset **dataset, const char *recipe,
                      int (*make)(void *user, struct rog_dataset **made, struct rog_error *err),
                      void *user, struct rog_error *err);

#endif
