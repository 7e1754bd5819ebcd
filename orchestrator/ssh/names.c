/* SPDX-License-Identifier: Apache-2.0 */
/* Manages lists of names. */
#include <orchestrator/ssh/names.h>

#include <stdlib.h>
#include <string.h>

int rog_ssh_names_add(struct rog_ssh_names *names, const char *text, size_t bytes,
                      struct rog_error *err)
{
    char **more = realloc(names->name, (names->count + 1) * sizeof *more);
    if (more)
        names->name = more;
    char *copy = more ? strndup(text, bytes) : NULL;
    if (!copy)
        return rog_fail_nomem(err);
    names->name[names->count++] = copy;
    return ROG_OK;
}

void rog_ssh_names_release(struct rog_ssh_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct rog_ssh_names){0};
}
