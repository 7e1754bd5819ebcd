/* SPDX-License-Identifier: Apache-2.0 */
/* Loads each strategy that runs name once. */
#include <orchestrator/plan/strategies.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>

struct loaded {
    char *library; /* as named by runs */
    struct rog_plugin plugin;
};

struct rog_strategies {
    struct loaded *item;
    size_t count;
};

struct rog_strategies *rog_strategies_new(void)
{
    return calloc(1, sizeof(struct rog_strategies));
}

void rog_strategies_free(struct rog_strategies *strategies)
{
    for (size_t i = 0; strategies && i < strategies->count; i++) {
        rog_plugin_release(&strategies->item[i].plugin);
        free(strategies->item[i].library);
    }
    if (strategies)
        free(strategies->item);
    free(strategies);
}

int rog_strategies_find(struct rog_strategies *strategies, const char *library,
                        struct rog_plugin **plugin, struct rog_error *err)
{
    for (size_t i = 0; i < strategies->count; i++) {
        *plugin = &strategies->item[i].plugin;
        if (strcmp(strategies->item[i].library, library) == 0)
            return 0;
    }
    struct loaded *more =
        realloc(strategies->item, (strategies->count + 1) * sizeof *strategies->item);
    if (!more)
        return rog_fail_nomem(err);
    strategies->item = more;
    struct loaded *next = &more[strategies->count];
    int code = rog_plugin_load(&next->plugin, library, err);
    if (code < 0)
        return code;
    next->library = rog_strdup(library);
    if (!next->library) {
        rog_plugin_release(&next->plugin);
        return rog_fail_nomem(err);
    }
    strategies->count++;
    *plugin = &next->plugin;
    return 0;
}
