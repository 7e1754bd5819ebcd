/* SPDX-License-Identifier: Apache-2.0 */
/* Compresses a file once for all hosts that need it. */
#include <orchestrator/deploy/packed.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <zstd.h>

#include <common/deployed.h>
#include <common/file.h>
#include <common/hash.h>

#define PIECE_BYTES ((size_t)128 << 10)
/* Higher levels take ten times as long for a tenth less. */
#define LEVEL 9
#define DAY_S (24 * 60 * 60)
#define LOCK_STEP_NS 50000000L

/* State of compressing a file. */
struct packing {
    const char *source;
    const struct rog_connection *connection; /* may be NULL */
    FILE *from, *to;
    char *in, *out; /* [PIECE_BYTES] each */
    ZSTD_CCtx *encoder;
    struct rog_sha256_stream *hash;
};

static int open_packing(struct packing *packing, FILE *to, const char *source,
                        const struct rog_connection *connection, struct rog_error *err)
{
    *packing = (struct packing){.source = source, .connection = connection, .to = to};
    packing->from = fopen(source, "rbe");
    if (!packing->from)
        return rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot open %s: %s",
                        source, strerror(errno));
    packing->in = malloc(PIECE_BYTES);
    packing->out = malloc(PIECE_BYTES);
    packing->encoder = ZSTD_createCCtx();
    if (!packing->in || !packing->out || !packing->encoder ||
        ZSTD_isError(ZSTD_CCtx_setParameter(packing->encoder, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(
            ZSTD_CCtx_setParameter(packing->encoder, ZSTD_c_windowLog, ROG_DEPLOYED_WINDOW_LOG)))
        return rog_fail_nomem(err);
    return rog_sha256_stream_new(&packing->hash, err);
}

static void close_packing(struct packing *packing)
{
    char hex[ROG_SHA256_HEX_BYTES];
    if (packing->hash)
        rog_sha256_stream_end(packing->hash, hex);
    ZSTD_freeCCtx(packing->encoder);
    free(packing->out);
    free(packing->in);
    if (packing->from)
        fclose(packing->from);
}

static int go_on(const struct rog_connection *connection, struct rog_error *err)
{
    return connection ? rog_connection_wanted(connection, err) : ROG_OK;
}

static int compress_file(struct packing *packing, struct rog_error *err)
{
    bool last;
    do {
        int code = go_on(packing->connection, err);
        if (code)
            return code;
        ZSTD_inBuffer in = {.src = packing->in,
                            .size = fread(packing->in, 1, PIECE_BYTES, packing->from)};
        size_t left;
        last = in.size < PIECE_BYTES;
        rog_sha256_stream_add(packing->hash, packing->in, in.size);
        do {
            ZSTD_outBuffer out = {.dst = packing->out, .size = PIECE_BYTES};
            left = ZSTD_compressStream2(packing->encoder, &out, &in,
                                        last ? ZSTD_e_end : ZSTD_e_continue);
            if (ZSTD_isError(left))
                return rog_fail(err, ROG_EFAILED, "cannot compress %s: %s", packing->source,
                                ZSTD_getErrorName(left));
            fwrite(packing->out, 1, out.pos, packing->to);
        } while (last ? left > 0 : in.pos < in.size);
    } while (!last);
    if (ferror(packing->from))
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", packing->source, strerror(errno));
    return ROG_OK;
}

/* Call it with the lock held. */
static int pack(const char *source, const char *hash, const char *path,
                const struct rog_connection *connection, struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    struct packing packing = {0};
    char hex[ROG_SHA256_HEX_BYTES];
    int code = rog_file_writer_open(&writer, path, err);
    if (!code)
        code = open_packing(&packing, writer.file, source, connection, err);
    if (!code)
        code = compress_file(&packing, err);
    if (!code) {
        rog_sha256_stream_end(packing.hash, hex);
        packing.hash = NULL;
        if (strcmp(hex, hash) != 0)
            code =
                rog_fail(err, ROG_EFAILED, "%s was changed while it was read; try again", source);
    }
    if (!code)
        code = rog_file_writer_commit(&writer, err);
    close_packing(&packing);
    rog_file_writer_discard(&writer);
    return code;
}

/* Checks for the file, and updates its time to mark it as used. */
static bool touch_if_exists(const char *path)
{
    return utimensat(AT_FDCWD, path, NULL, 0) == 0 || rog_file_exists(path);
}

/* Removes files that have not been used for long, and incomplete files of killed processes. Call it
 * with the lock held. A process that is reading a removed file keeps it open. */
static void prune(const char *folder)
{
    struct timespec now;
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat status;
        if (strstr(entry->d_name, ".zst") && fstatat(dirfd(dir), entry->d_name, &status, 0) == 0 &&
            status.st_mtim.tv_sec < now.tv_sec - ROG_PACKED_DAYS * DAY_S)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
}

/* Waits for the lock: another process may compress for long, or hang. */
static int take_lock(int lock, const char *path, const struct rog_connection *connection,
                     struct rog_error *err)
{
    const struct timespec step = {0, LOCK_STEP_NS};
    int code = ROG_OK;
    while (!code && flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return rog_fail(err, ROG_EIO, "cannot lock %s: %s", path, strerror(errno));
        nanosleep(&step, NULL);
        code = go_on(connection, err);
    }
    return code;
}

int rog_packed_file(const char *source, const char *hash, const struct rog_connection *connection,
                    char **path, struct rog_error *err)
{
    int lock = -1, code = ROG_OK;
    *path = NULL;
    char *cache = rog_cache_dir(err);
    if (!cache)
        return err ? err->code : ROG_EINVAL;
    char *folder = rog_format("%s/packed", cache), *lock_path = rog_format("%s/packed/lock", cache);
    *path = rog_format("%s/packed/%s.zst", cache, hash);
    if (!folder || !lock_path || !*path)
        code = rog_fail_nomem(err);
    else if (!touch_if_exists(*path)) {
        code = rog_dir_make(folder, err);
        if (!code && (lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
            code = rog_fail(err, ROG_EIO, "cannot write %s: %s", lock_path, strerror(errno));
        if (!code)
            code = take_lock(lock, lock_path, connection, err);
        if (!code && !touch_if_exists(*path)) /* no other process created it while we waited */
            code = pack(source, hash, *path, connection, err);
        if (!code)
            prune(folder);
        if (lock >= 0)
            close(lock);
    }
    if (code) {
        free(*path);
        *path = NULL;
    }
    free(lock_path);
    free(folder);
    free(cache);
    return code;
}
