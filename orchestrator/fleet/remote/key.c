/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a run's key in a memory file. */
#include <orchestrator/fleet/remote/key.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/hosts/connection.h>

static int put(struct rog_remote_key *key, const void *bytes, size_t size, struct rog_error *err)
{
    rog_remote_key_forget(key);
    key->fd = memfd_create("rog-key", MFD_CLOEXEC);
    if (key->fd < 0 || write(key->fd, bytes, size) != (ssize_t)size)
        return rog_fail(err, ROG_EIO, "cannot keep a key in memory: %s", strerror(errno));
    snprintf(key->path, sizeof key->path, "/proc/self/fd/%d", key->fd);
    return 0;
}

int rog_remote_key_make(struct rog_remote_key *key, struct rog_error *err)
{
    unsigned char bytes[ROG_RUN_KEY_BYTES];
    int code = rog_run_draw_key(bytes, err);
    if (code == 0)
        code = put(key, bytes, sizeof bytes, err);
    explicit_bzero(bytes, sizeof bytes);
    return code;
}

struct piece {
    unsigned char bytes[ROG_RUN_KEY_BYTES];
    size_t used;
};

static int take(const void *data, size_t size, void *user, struct rog_error *err)
{
    struct piece *piece = user;
    if (size > sizeof piece->bytes - piece->used)
        return rog_fail(err, ROG_EFORMAT, "the key there has more than %zu bytes",
                        sizeof piece->bytes);
    memcpy(piece->bytes + piece->used, data, size);
    piece->used += size;
    return 0;
}

int rog_remote_key_fetch(struct rog_remote_key *key, struct rog_connection *connection,
                         const char *folder, struct rog_error *err)
{
    struct piece piece = {.used = 0};
    char *path = rog_path_join(folder, ROG_RUN_KEY);
    int code = path ? rog_connection_download(connection, path, 0, take, &piece, NULL, err)
                    : rog_fail_nomem(err);
    if (code == 0)
        code = put(key, piece.bytes, piece.used, err);
    explicit_bzero(&piece, sizeof piece);
    free(path);
    return code;
}

void rog_remote_key_forget(struct rog_remote_key *key)
{
    if (key->fd >= 0)
        close(key->fd);
    *key = ROG_REMOTE_KEY_NONE;
}
