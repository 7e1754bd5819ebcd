/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps answers in memory. */
#include <orchestrator/ui/cache.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

struct kept {
    struct kept *next; /* the one used before this one */
    char *key, *bytes;
    size_t size;
    uint64_t state;
};

struct rog_cache {
    pthread_mutex_t lock;
    size_t size, max_bytes;
    struct kept *latest;
};

int rog_cache_new(struct rog_cache **cache, size_t max_bytes, struct rog_error *err)
{
    *cache = calloc(1, sizeof **cache);
    if (!*cache)
        return rog_fail_nomem(err);
    (*cache)->max_bytes = max_bytes;
    pthread_mutex_init(&(*cache)->lock, NULL);
    return 0;
}

static void kept_free(struct kept *kept)
{
    if (!kept)
        return;
    free(kept->key);
    free(kept->bytes);
    free(kept);
}

/* Removes an entry from the list and returns it. */
static struct kept *take(struct rog_cache *cache, const char *key)
{
    for (struct kept **place = &cache->latest; *place; place = &(*place)->next)
        if (strcmp((*place)->key, key) == 0) {
            struct kept *kept = *place;
            *place = kept->next;
            cache->size -= kept->size;
            return kept;
        }
    return NULL;
}

static void put_first(struct rog_cache *cache, struct kept *kept)
{
    kept->next = cache->latest;
    cache->latest = kept;
    cache->size += kept->size;
}

char *rog_cache_get(struct rog_cache *cache, const char *key, uint64_t state, size_t *size)
{
    char *copy = NULL;
    pthread_mutex_lock(&cache->lock);
    struct kept *kept = take(cache, key);
    if (kept && kept->state == state) {
        copy = malloc(kept->size + 1);
        if (copy)
            memcpy(copy, kept->bytes, kept->size);
        *size = kept->size;
        put_first(cache, kept);
        kept = NULL;
    }
    pthread_mutex_unlock(&cache->lock);
    kept_free(kept);
    return copy;
}

/* Removes entries from the end of the list until the rest fits. */
static void make_room(struct rog_cache *cache)
{
    while (cache->size > cache->max_bytes && cache->latest) {
        const struct kept *last = cache->latest;
        while (last->next)
            last = last->next;
        kept_free(take(cache, last->key));
    }
}

void rog_cache_put(struct rog_cache *cache, const char *key, uint64_t state, const char *bytes,
                   size_t size)
{
    struct kept *kept = size < cache->max_bytes / 4 ? calloc(1, sizeof *kept) : NULL;
    if (!kept)
        return;
    *kept = (struct kept){
        .key = rog_strdup(key), .bytes = malloc(size + 1), .size = size, .state = state};
    if (!kept->key || !kept->bytes) {
        kept_free(kept);
        return;
    }
    memcpy(kept->bytes, bytes, size);
    pthread_mutex_lock(&cache->lock);
    kept_free(take(cache, key));
    put_first(cache, kept);
    make_room(cache);
    pthread_mutex_unlock(&cache->lock);
}

void rog_cache_free(struct rog_cache *cache)
{
    if (!cache)
        return;
    for (struct kept *kept = cache->latest, *next; kept; kept = next) {
        next = kept->next;
        kept_free(kept);
    }
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}
