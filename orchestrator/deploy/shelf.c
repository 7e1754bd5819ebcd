/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/deploy/bundle.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define MAX_MACHINES 8

struct rog_bundle_shelf {
    char *trainer;
    pthread_mutex_t mutex;
    size_t count;
    struct {
        char machine[64];
        struct rog_bundle *bundle; /* NULL: why_not */
        struct rog_error why_not;
    } entry[MAX_MACHINES];
};

int rog_bundle_shelf_new(struct rog_bundle_shelf **out, const char *trainer, struct rog_error *err)
{
    struct rog_bundle_shelf *shelf = calloc(1, sizeof *shelf);
    *out = NULL;
    if (!shelf)
        return rog_fail_nomem(err);
    shelf->trainer = rog_strdup(trainer);
    if (!shelf->trainer || pthread_mutex_init(&shelf->mutex, NULL) != 0) {
        free(shelf->trainer);
        free(shelf);
        return rog_fail_nomem(err);
    }
    *out = shelf;
    return ROG_OK;
}

int rog_bundle_shelf_take(struct rog_bundle_shelf *shelf, const char *machine,
                          const struct rog_bundle **bundle, struct rog_error *err)
{
    size_t i = 0;
    int code = ROG_OK;
    *bundle = NULL;
    pthread_mutex_lock(&shelf->mutex);
    while (i < shelf->count && strcmp(shelf->entry[i].machine, machine) != 0)
        i++;
    if (i == MAX_MACHINES || strlen(machine) >= sizeof shelf->entry[0].machine) {
        code = rog_fail(err, ROG_EINVAL, "hosts of more than %d architectures, with %.64s",
                        MAX_MACHINES, machine);
        goto out;
    }
    if (i == shelf->count) {
        shelf->count++;
        snprintf(shelf->entry[i].machine, sizeof shelf->entry[i].machine, "%s", machine);
        rog_bundle_open(&shelf->entry[i].bundle, shelf->trainer, machine, &shelf->entry[i].why_not);
    }
    *bundle = shelf->entry[i].bundle;
    if (!*bundle)
        code = rog_fail(err, shelf->entry[i].why_not.code, "%s", shelf->entry[i].why_not.message);
out:
    pthread_mutex_unlock(&shelf->mutex);
    return code;
}

void rog_bundle_shelf_free(struct rog_bundle_shelf *shelf)
{
    if (!shelf)
        return;
    for (size_t i = 0; i < shelf->count; i++)
        rog_bundle_free(shelf->entry[i].bundle);
    pthread_mutex_destroy(&shelf->mutex);
    free(shelf->trainer);
    free(shelf);
}
