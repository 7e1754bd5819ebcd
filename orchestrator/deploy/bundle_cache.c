/* SPDX-License-Identifier: Apache-2.0 */
/* Caches one bundle for each architecture, opened when the first host needs it. */
#include <orchestrator/deploy/bundle.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define MAX_MACHINES 8

struct rog_bundle_cache {
    char *trainer, *controller;
    pthread_mutex_t mutex;
    size_t count;
    struct {
        char machine[64];
        struct rog_bundle *bundle; /* NULL: see why_not */
        struct rog_error why_not;
    } entry[MAX_MACHINES];
};

int rog_bundle_cache_new(struct rog_bundle_cache **out, const struct rog_bundle_programs *programs,
                         struct rog_error *err)
{
    struct rog_bundle_cache *cache = calloc(1, sizeof *cache);
    *out = NULL;
    if (!cache)
        return rog_fail_nomem(err);
    cache->trainer = rog_strdup(programs->trainer);
    cache->controller = programs->controller ? rog_strdup(programs->controller) : NULL;
    if (!cache->trainer || (programs->controller && !cache->controller) ||
        pthread_mutex_init(&cache->mutex, NULL) != 0) {
        free(cache->trainer);
        free(cache->controller);
        free(cache);
        return rog_fail_nomem(err);
    }
    *out = cache;
    return ROG_OK;
}

int rog_bundle_cache_take(struct rog_bundle_cache *cache, const char *machine,
                          const struct rog_bundle **bundle, struct rog_error *err)
{
    size_t i = 0;
    int code = ROG_OK;
    *bundle = NULL;
    pthread_mutex_lock(&cache->mutex);
    while (i < cache->count && strcmp(cache->entry[i].machine, machine) != 0)
        i++;
    if (i == MAX_MACHINES || strlen(machine) >= sizeof cache->entry[0].machine) {
        code = rog_fail(err, ROG_EINVAL, "hosts of more than %d architectures, with %.64s",
                        MAX_MACHINES, machine);
        goto out;
    }
    if (i == cache->count) {
        cache->count++;
        snprintf(cache->entry[i].machine, sizeof cache->entry[i].machine, "%s", machine);
        const struct rog_bundle_programs programs = {cache->trainer, cache->controller};
        rog_bundle_open(&cache->entry[i].bundle, &programs, machine, &cache->entry[i].why_not);
    }
    *bundle = cache->entry[i].bundle;
    if (!*bundle)
        code = rog_fail_again(err, &cache->entry[i].why_not);
out:
    pthread_mutex_unlock(&cache->mutex);
    return code;
}

void rog_bundle_cache_free(struct rog_bundle_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++)
        rog_bundle_free(cache->entry[i].bundle);
    pthread_mutex_destroy(&cache->mutex);
    free(cache->trainer);
    free(cache->controller);
    free(cache);
}
