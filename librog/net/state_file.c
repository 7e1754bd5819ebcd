/* SPDX-License-Identifier: Apache-2.0 */
/* The server's state beside its model: copied, written with its hash, read back and checked. */
#include <librog/net/state_file.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>

#define NAME_FORMAT "server-%u.state"

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
    snprintf(file->name, sizeof file->name, NAME_FORMAT, (unsigned)index);
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
    rog_json_put_string(state, "optimizer", file->hooks->kind(file->owner));
    rog_json_put_string(state, "state", file->name);
    rog_json_put_string(state, "state_sha256", hex);
    free(path);
    return code;
}

void rog_state_file_written(struct rog_state_file *file)
{
    DIR *folder = file->name[0] ? opendir(file->folder) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        unsigned index;
        char name[sizeof file->name];
        if (sscanf(entry->d_name, NAME_FORMAT, &index) != 1)
            continue;
        snprintf(name, sizeof name, NAME_FORMAT, index);
        if (strcmp(name, entry->d_name) == 0 && strcmp(name, file->name) != 0)
            unlinkat(dirfd(folder), name, 0);
    }
    if (folder)
        closedir(folder);
}

/* ---- resuming ---- */

static int read_file(const struct rog_state_file *file, const char *path, const char *hash,
                     char **bytes, size_t *size, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    size_t most = file->hooks->bytes(file->owner);
    int code = rog_file_read(path, most, bytes, size, err);
    if (code)
        return code;
    rog_sha256(*bytes, *size, hex);
    if (strcmp(hex, hash) != 0)
        return rog_fail(err, ROG_EFORMAT, "%s is damaged: its hash is %s, not %s as recorded", path,
                        hex, hash);
    return ROG_OK;
}

/* Checks the optimizer. Files from before its name was recorded belong to "mean", the only one
 * then. */
static int check_kind(const struct rog_state_file *file, const char *path,
                      const struct rog_json *state, struct rog_error *err)
{
    const char *kept = rog_json_get_string(state, "optimizer", "mean");
    const char *wanted = file->hooks->kind(file->owner);
    if (strcmp(kept, wanted) == 0)
        return ROG_OK;
    return rog_fail(err, ROG_EFORMAT,
                    "%s belongs to a run with the server optimizer %s, this run has %s", path, kept,
                    wanted);
}

static int give_back(struct rog_state_file *file, const char *where, const char *bytes, size_t size,
                     struct rog_error *err)
{
    if (file->hooks->load(file->owner, (const uint8_t *)bytes, size, err))
        return rog_fail_prefix(err, "%s", where);
    return ROG_OK;
}

int rog_state_file_load(struct rog_state_file *file, const char *where,
                        const struct rog_json *about, const char *bytes, size_t size,
                        struct rog_error *err)
{
    int code = check_kind(file, where, about, err);
    return code ? code : give_back(file, where, bytes, size, err);
}

int rog_state_file_restore(struct rog_state_file *file, const struct rog_json *state,
                           struct rog_error *err)
{
    const char *name = rog_json_get_string(state, "state", "");
    char *bytes = NULL;
    size_t size = 0;
    if (!name[0] && file->hooks->bytes(file->owner) == 0)
        return ROG_OK;
    char *path = rog_path_join(file->folder, name[0] ? name : "server.json");
    int code = path ? check_kind(file, path, state, err) : rog_fail_nomem(err);
    if (!code && name[0])
        code = read_file(file, path, rog_json_get_string(state, "state_sha256", ""), &bytes, &size,
                         err);
    if (!code)
        code = give_back(file, path, bytes, size, err);
    free(bytes);
    free(path);
    return code;
}
