/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_CACHE_H
#define ROG_UI_CACHE_H

/* Answers that took long, kept in memory for as long as what they show has not changed; those that
 * were not asked for the longest go first. Of any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_cache;

int rog_cache_new(struct rog_cache **cache, size_t max_bytes, struct rog_error *err);
void rog_cache_free(struct rog_cache *cache);

/* A copy in heap memory, NULL: it is not there in that state, or there is no memory. */
char *rog_cache_get(struct rog_cache *cache, const char *key, uint64_t state, size_t *size);
/* Keeps a copy, if it can. */
void rog_cache_put(struct rog_cache *cache, const char *key, uint64_t state, const char *bytes,
                   size_t size);

#endif
