/* SPDX-License-Identifier: Apache-2.0 */
/* Searches the table of the kinds of cluster. */
#include <orchestrator/conf/cluster_kind.h>

#include <stdio.h>
#include <string.h>

const struct rog_cluster_kind *rog_cluster_kind_find(const struct rog_cluster_kind *const *kinds,
                                                     const char *name)
{
    while (*kinds && strcmp((*kinds)->name, name) != 0)
        kinds++;
    return *kinds;
}

const char *rog_cluster_kind_names(const struct rog_cluster_kind *const *kinds,
                                   bool (*suits)(const struct rog_cluster_kind *kind,
                                                 const char *name),
                                   const char *name, const char *between, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (; *kinds; kinds++) {
        if (!suits(*kinds, name) || used >= bytes)
            continue;
        int more = snprintf(text + used, bytes - used, "%s%s", used ? between : "", (*kinds)->name);
        used += more > 0 ? (size_t)more : 0;
    }
    return text;
}
