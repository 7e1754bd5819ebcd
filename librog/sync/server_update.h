/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SERVER_UPDATE_H
#define ROG_SYNC_SERVER_UPDATE_H

/* A server optimizer at work on a model. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/rows.h>
#include <rog/error.h>
#include <rog/server_optimizer.h>

struct rog_server_update {
    const struct rog_server_optimizer *optimizer;
    struct rog_server_optimizer_config config;
    void *state;
    uint64_t steps; /* that the model has made: one with each push that counts */
};

/* optimizer NULL: the first of all. parameters: its struct of them, borrowed; NULL where it has
 * none, else ROG_EINVAL. Without values it has no state and nothing to apply. */
int rog_server_update_init(struct rog_server_update *update,
                           const struct rog_server_optimizer *optimizer, const void *parameters,
                           const struct rog_rows *rows, uint32_t workers, bool values,
                           struct rog_error *err);
/* Harmless on one that is all 0. */
void rog_server_update_release(struct rog_server_update *update);

/* What there is beside the model: how many bytes, and these. */
size_t rog_server_update_bytes(const struct rog_server_update *update);
void rog_server_update_save(const struct rog_server_update *update, uint8_t *bytes);
/* Both, for an archive. */
void rog_server_update_archive(struct rog_server_update *update, struct rog_archive *archive);
/* ROG_EFORMAT: not as many bytes. */
int rog_server_update_load(struct rog_server_update *update, const uint8_t *bytes, size_t size,
                           struct rog_error *err);

#endif
