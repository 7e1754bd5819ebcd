/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_CACHE_H
#define ROG_UI_CACHE_H

/* Answers that took long to compute, kept in memory as long as the data they show have not changed;
 * the least recently used are removed first. Thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_cache;

int rog_cache_new(struct rog_cache **cache, size_t max_bytes, struct rog_error *err);
void rog_cache_free(struct rog_cache *cache);

/* Returns a copy in heap memory; NULL: there is none for that state, or no memory. */
char *rog_cache_get(struct rog_cache *cache, const char *key, uint64_t state, size_t *size);
/* Keeps a copy, if there is memory for it. */
void rog_cache_put(struct rog_cache *cache, const char *key, uint64_t state, const char *bytes,
                   size_t size);

#endif
