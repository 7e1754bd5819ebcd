/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/deploy/packed.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/tool.h>

#define BLOCK_BYTES 512
#define PIECE_BYTES 65536
#define GZIP_TIMEOUT_S 3600
#define MAX_FILE_BYTES (UINT64_C(1) << 33) /* what eleven octal digits hold */

/* Offsets in a header block of ustar. */
enum {
    NAME = 0,
    MODE = 100,
    OWNER = 108,
    GROUP = 116,
    SIZE = 124,
    TIME = 136,
    SUM = 148,
    TYPE = 156,
    MAGIC = 257
};

static void fill_header(char block[BLOCK_BYTES], const char *name, uint64_t size)
{
    unsigned sum = 0;
    memset(block, 0, BLOCK_BYTES);
    memcpy(block + NAME, name, strlen(name));
    memcpy(block + MODE, "0000600", 8);
    memcpy(block + OWNER, "0000000", 8);
    memcpy(block + GROUP, "0000000", 8);
    snprintf(block + SIZE, 12, "%011" PRIo64, size);
    memcpy(block + TIME, "00000000000", 12);
    memset(block + SUM, ' ', 8); /* counted as blanks */
    block[TYPE] = '0';
    memcpy(block + MAGIC, "ustar\00000", 8);
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        sum += (unsigned char)block[i];
    snprintf(block + SUM, 8, "%06o", sum & 0777777);
}

/* Writes the member: header, content, zeros up to the end of its last block. */
static int write_member(FILE *from, FILE *to, const char *source, const char *key,
                        struct rog_error *err)
{
    char block[BLOCK_BYTES], hex[ROG_SHA256_HEX_BYTES];
    struct stat info;
    struct rog_sha256_stream *hash = NULL;
    if (fstat(fileno(from), &info) != 0)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", source, strerror(errno));
    if ((uint64_t)info.st_size >= MAX_FILE_BYTES)
        return rog_fail(err, ROG_EINVAL, "%s is larger than 8 GiB", source);
    char *piece = malloc(PIECE_BYTES);
    if (!piece)
        return rog_fail_nomem(err);
    int code = rog_sha256_stream_new(&hash, err);
    if (code) {
        free(piece);
        return code;
    }
    fill_header(block, key, (uint64_t)info.st_size);
    fwrite(block, 1, sizeof block, to);
    uint64_t total = 0;
    for (size_t got; (got = fread(piece, 1, PIECE_BYTES, from)) > 0; total += got) {
        rog_sha256_stream_add(hash, piece, got);
        fwrite(piece, 1, got, to);
    }
    memset(block, 0, sizeof block);
    fwrite(block, 1, (BLOCK_BYTES - total % BLOCK_BYTES) % BLOCK_BYTES, to);
    rog_sha256_stream_end(hash, hex);
    free(piece);
    if (ferror(from))
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", source, strerror(errno));
    if (total != (uint64_t)info.st_size || strncmp(hex, key, sizeof hex - 1) != 0)
        return rog_fail(err, ROG_EFAILED, "%s is being changed by somebody; try again", source);
    return ROG_OK;
}

/* Makes `path` by way of the fixed name `plain`: the caller holds the lock. */
static int pack(const char *source, const char *key, const char *plain, const char *path,
                struct rog_error *err)
{
    const char *const argv[] = {"gzip", "-n", "-f", plain, NULL};
    char *zipped = rog_format("%s.gz", plain);
    FILE *from = fopen(source, "rbe"), *to = zipped ? fopen(plain, "wbe") : NULL;
    int code = ROG_OK;
    if (!zipped)
        code = rog_fail_nomem(err);
    else if (!from)
        code = rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot open %s: %s",
                        source, strerror(errno));
    else if (!to)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", plain, strerror(errno));
    if (!code)
        code = write_member(from, to, source, key, err);
    bool written = to && !ferror(to);
    if (to && (fclose(to) != 0 || !written) && !code)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", plain, strerror(errno));
    if (!code)
        code = rog_tool_run(argv, GZIP_TIMEOUT_S, NULL, err);
    if (!code && rename(zipped, path) != 0)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    if (code && to) {
        unlink(plain);
        unlink(zipped);
    }
    if (from)
        fclose(from);
    free(zipped);
    return code;
}

int rog_packed_file(const char *source, const char *key, char **path, struct rog_error *err)
{
    int lock = -1, code = ROG_OK;
    *path = NULL;
    char *cache = rog_cache_dir(err);
    if (!cache)
        return err ? err->code : ROG_EINVAL;
    char *folder = rog_format("%s/packed", cache), *lock_path = rog_format("%s/packed/lock", cache);
    char *plain = rog_format("%s/packed/member", cache);
    *path = rog_format("%s/packed/%s.gz", cache, key);
    if (!folder || !lock_path || !plain || !*path)
        code = rog_fail_nomem(err);
    else if (strlen(key) >= ROG_PACKED_KEY_MAX_BYTES || strchr(key, '/'))
        code = rog_fail(err, ROG_EINVAL, "\"%s\" cannot name a packed file", key);
    else if (!rog_file_exists(*path)) {
        code = rog_dir_make(folder, err);
        if (!code && (lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
            code = rog_fail(err, ROG_EIO, "cannot write %s: %s", lock_path, strerror(errno));
        while (!code && flock(lock, LOCK_EX) != 0)
            if (errno != EINTR)
                code = rog_fail(err, ROG_EIO, "cannot lock %s: %s", lock_path, strerror(errno));
        if (!code && !rog_file_exists(*path)) /* nobody made it while we waited */
            code = pack(source, key, plain, *path, err);
        if (lock >= 0)
            close(lock);
    }
    if (code) {
        free(*path);
        *path = NULL;
    }
    free(plain);
    free(lock_path);
    free(folder);
    free(cache);
    return code;
}
