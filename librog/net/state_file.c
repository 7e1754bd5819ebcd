/* SPDX-License-Identifier: Apache-2.0 */
/* What a server keeps beside its model: copied, written with its hash, read back and checked. */
#include <librog/net/state_file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>

void rog_state_file_release(struct rog_state_file *file)
{
    free(file->copy);
    file->copy = NULL;
}

int rog_state_file_copy(struct rog_state_file *file, uint32_t index, struct rog_error *err)
{
    size_t size = file->hooks->bytes(file->owner);
    if (size != file->size) {
        uint8_t *copy = realloc(file->copy, size);
        if (!copy)
            return rog_fail_nomem(err);
        file->copy = copy;
        file->size = size;
    }
    if (size == 0)
        return ROG_OK;
    file->hooks->save(file->owner, file->copy);
    snprintf(file->name, sizeof file->name, "server-%u.state", index);
    return ROG_OK;
}

int rog_state_file_write(const struct rog_state_file *file, struct rog_json *state,
                         struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    if (file->size == 0)
        return ROG_OK;
    char *path = rog_path_join(file->folder, file->name);
    int code = path ? rog_file_write(path, file->copy, file->size, err) : rog_fail_nomem(err);
    rog_sha256(file->copy, file->size, hex);
    rog_json_put_string(state, "state", file->name);
    rog_json_put_string(state, "state_sha256", hex);
    free(path);
    return code;
}

void rog_state_file_written(struct rog_state_file *file)
{
    if (file->before[0] && strcmp(file->before, file->name) != 0) {
        char *path = rog_path_join(file->folder, file->before);
        if (path)
            remove(path);
        free(path);
    }
    memcpy(file->before, file->name, sizeof file->before);
}

static int read_file(struct rog_state_file *file, const char *hash, char **bytes, size_t *size,
                     struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    char *path = rog_path_join(file->folder, file->before);
    size_t most = file->hooks->bytes(file->owner);
    int code = path ? rog_file_read(path, most, bytes, size, err) : rog_fail_nomem(err);
    if (!code) {
        rog_sha256(*bytes, *size, hex);
        if (strcmp(hex, hash) != 0)
            code = rog_fail(err, ROG_EFORMAT, "%s is damaged: its hash is %s, %s was recorded",
                            path, hex, hash);
    }
    free(path);
    return code;
}

int rog_state_file_restore(struct rog_state_file *file, const struct rog_json *state,
                           struct rog_error *err)
{
    char *bytes = NULL;
    size_t size = 0;
    int code = ROG_OK;
    snprintf(file->before, sizeof file->before, "%s", rog_json_get_string(state, "state", ""));
    if (file->before[0])
        code = read_file(file, rog_json_get_string(state, "state_sha256", ""), &bytes, &size, err);
    if (!code)
        code = file->hooks->load(file->owner, (const uint8_t *)bytes, size, err);
    free(bytes);
    return code;
}
