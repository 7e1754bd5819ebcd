/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_CACHE_H
#define ROG_DATA_CACHE_H

/*
 * Things that take a while to make are made once and kept as files. Whoever makes one holds its
 * lock, so that of several processes that need it at the same time one works and the others wait
 * for the result. A process that dies lets go of its lock; the file is there whole or not at all.
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

/* Waits for the lock that belongs to the file `path` ("PATH.lock" beside it, which stays there) and
 * removes what a killed holder left half-written. Missing folders are made. */
int rog_lock_take(struct rog_lock *lock, const char *path, struct rog_error *err);
/* The same without waiting. ROG_EBUSY: somebody else holds it. */
int rog_lock_try(struct rog_lock *lock, const char *path, struct rog_error *err);
void rog_lock_release(struct rog_lock *lock); /* harmless when not held */

/* CACHE/FOLDER/SHA256(recipe).SUFFIX, heap memory. */
int rog_cache_path(char **path, const char *folder, const char *recipe, const char *suffix,
                   struct rog_error *err);

/*
 * The data set that `recipe` describes: from its file in the cache or, where that is missing or
 * damaged (a checksum tells), from `make`, and then written there.
 */
int rog_cache_dataset(struct rog_dataset **dataset, const char *recipe,
                      int (*make)(void *user, struct rog_dataset **made, struct rog_error *err),
                      void *user, struct rog_error *err);

#endif
