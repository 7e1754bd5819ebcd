/* SPDX-License-Identifier: Apache-2.0 */
/* Table of the providers of agents. Each is defined in orchestrator/pool. */
#include <orchestrator/providers.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/meant.h>
#include <common/settings.h>

#define NAMES_BYTES 128

static const struct rog_pool_provider *const providers[] = {
    &rog_pool_list_provider,
    &rog_pool_slurm_provider,
    &rog_pool_hosts_provider,
    NULL,
};

const struct rog_pool_provider *rog_provider_at(size_t index)
{
    return index < sizeof providers / sizeof *providers ? providers[index] : NULL;
}

/* "list, slurm[:FILE] or hosts:FILE" */
static const char *names(char text[NAMES_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; providers[i]; i++) {
        const struct rog_pool_provider *p = providers[i];
        const char *between = i == 0 ? "" : providers[i + 1] ? ", " : " or ";
        const char *open = p->file && !p->needs_file ? "[" : "";
        int length = snprintf(text + used, NAMES_BYTES - used, "%s%s%s%s%s%s", between, p->name,
                              open, p->file ? ":" : "", p->file ? p->file : "", open[0] ? "]" : "");
        used += length > 0 && (size_t)length < NAMES_BYTES - used ? (size_t)length : 0;
    }
    return text;
}

static const char *next_provider(const void *list, size_t index)
{
    (void)list;
    return providers[index] ? providers[index]->name : NULL;
}

static int fail_unknown(const char *given, size_t length, struct rog_error *err)
{
    char text[NAMES_BYTES] = "", meant[ROG_MEANT_BYTES];
    char *name = rog_format("%.*s", (int)length, given);
    if (!name)
        return rog_fail_nomem(err);
    rog_meant(rog_nearest_name(name, next_provider, NULL), meant);
    rog_fail(err, ROG_EINVAL, "--on must be %s (found \"%s\")%s", names(text), name, meant);
    free(name);
    return ROG_EINVAL;
}

int rog_provider_find(const char *given, const struct rog_pool_provider **provider,
                      const char **file, struct rog_error *err)
{
    const size_t length = strcspn(given, ":");
    *file = given[length] && given[length + 1] ? given + length + 1 : NULL;
    *provider = NULL;
    for (size_t i = 0; providers[i] && !*provider; i++)
        if (strlen(providers[i]->name) == length && strncmp(providers[i]->name, given, length) == 0)
            *provider = providers[i];
    if (!*provider)
        return fail_unknown(given, length, err);
    if ((*provider)->needs_file && !*file)
        return rog_fail(err, ROG_EINVAL, "--on %s needs a file: --on %s:%s", (*provider)->name,
                        (*provider)->name, (*provider)->file);
    if (!(*provider)->file && given[length])
        return rog_fail(err, ROG_EINVAL, "--on %s takes no file", (*provider)->name);
    return (*provider)->check ? (*provider)->check(*file, err) : 0;
}
