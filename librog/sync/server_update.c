/* SPDX-License-Identifier: Apache-2.0 */
/* A server optimizer at work: its parameters, its state as bytes. */
#include <librog/sync/server_update.h>

#include <stdlib.h>

#include <librog/optimizers/optimizers.h>

int rog_server_update_init(struct rog_server_update *update,
                           const struct rog_server_optimizer *optimizer, const void *parameters,
                           const struct rog_rows *rows, uint32_t workers, bool values,
                           struct rog_error *err)
{
    *update =
        (struct rog_server_update){.optimizer = optimizer ? optimizer : rog_server_optimizers[0],
                                   .config = {.parameters = parameters,
                                              .params = rows->params,
                                              .rows = rows->row_count,
                                              .workers = workers,
                                              .share = 1.0f / (float)workers}};
    optimizer = update->optimizer;
    if (optimizer->parameters && !parameters)
        return rog_fail(err, ROG_EINVAL, "the server optimizer %s is given no parameters",
                        optimizer->name);
    if (!values || !optimizer->create || !optimizer->create(&update->config, &update->state))
        return 0;
    update->state = NULL; /* there is nothing to destroy */
    return rog_fail_nomem(err);
}

void rog_server_update_release(struct rog_server_update *update)
{
    if (update->state)
        update->optimizer->destroy(update->state);
    update->state = NULL;
}

size_t rog_server_update_bytes(const struct rog_server_update *update)
{
    return update->state ? update->optimizer->state_bytes(&update->config) : 0;
}

void rog_server_update_save(const struct rog_server_update *update, uint8_t *bytes)
{
    if (update->state)
        update->optimizer->save(update->state, &update->config, bytes);
}

int rog_server_update_load(struct rog_server_update *update, const uint8_t *bytes, size_t size,
                           struct rog_error *err)
{
    if (size != rog_server_update_bytes(update))
        return rog_fail(err, ROG_EFORMAT,
                        "%zu bytes of what the server's optimizer keeps, %s keeps %zu", size,
                        update->optimizer->name, rog_server_update_bytes(update));
    if (size > 0)
        update->optimizer->load(update->state, &update->config, bytes);
    return 0;
}

void rog_server_update_archive(struct rog_server_update *update, struct rog_archive *archive)
{
    size_t size = rog_server_update_bytes(update);
    rog_archive_same(archive, size, "the server optimizer keeps something else");
    if (rog_archive_failed(archive) || size == 0)
        return;
    uint8_t *bytes = malloc(size);
    if (!bytes) {
        rog_archive_nomem(archive);
        return;
    }
    if (!archive->loading)
        rog_server_update_save(update, bytes);
    rog_archive_bytes(archive, bytes, size);
    if (archive->loading && !rog_archive_failed(archive))
        rog_server_update_load(update, bytes, size, NULL);
    free(bytes);
}
