/* SPDX-License-Identifier: Apache-2.0 */
/* Reads objects from a stream, decompresses and checks them. */
#include <trainer/unpack/objects.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <zstd.h>

#include <common/deployed.h>
#include <common/file.h>
#include <trainer/unpack/digest.h>

#define PIECE_BYTES ((size_t)128 << 10)
#define MAX_SIZE_DIGITS 15

struct taking {
    int input;
    const char *root, *part;
    char *in, *out;         /* [PIECE_BYTES] each */
    size_t in_at, in_bytes; /* part of `in` that has not been read yet */
    struct rog_digest *digest;
    ZSTD_DCtx *decoder;
};

/* An object that is being received. */
struct member {
    char key[ROG_DEPLOYED_LINE_BYTES]; /* initially with the rest of the line */
    uint64_t bytes;                    /* bytes of its frame that have not been decoded yet */
    char *path;                        /* the file that is being written */
    int file;
};

/* Reads more input. Signals are unblocked only here, so that none is lost and incomplete files are
 * removed. */
static int fill(struct taking *taking, struct rog_error *err)
{
    struct pollfd ready = {.fd = taking->input, .events = POLLIN};
    sigset_t none;
    sigemptyset(&none);
    if (taking->in_at < taking->in_bytes)
        return ROG_OK;
    ssize_t got = ppoll(&ready, 1, NULL, &none);
    if (got > 0)
        got = read(taking->input, taking->in, PIECE_BYTES);
    else if (got < 0 && errno == EINTR)
        return rog_fail(err, ROG_EINTR, "ended by a signal");
    if (got < 0)
        return rog_fail(err, ROG_EIO, "cannot read from standard input: %s", strerror(errno));
    if (got == 0)
        return rog_fail(err, ROG_EFAILED, "the files are incomplete");
    taking->in_at = 0;
    taking->in_bytes = (size_t)got;
    return ROG_OK;
}

static int fail_write(const struct taking *taking, struct rog_error *err)
{
    struct statvfs disk;
    int cause = errno;
    uint64_t kib =
        statvfs(taking->root, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize / 1024 : 0;
    return rog_fail(err, ROG_EIO, "cannot write: %s; %s has %" PRIu64 " KiB left", strerror(cause),
                    taking->root, kib);
}

/* Reads a line "KEY BYTES\n". */
static int read_line(struct taking *taking, struct member *member, struct rog_error *err)
{
    size_t used = 0;
    int code = ROG_OK;
    while (!code && (code = fill(taking, err)) == ROG_OK) {
        char c = taking->in[taking->in_at++];
        if (c == '\n')
            break;
        if (c == '\0' || used == sizeof member->key - 1)
            return rog_fail(err, ROG_EFORMAT, "the files arrived damaged: no object starts there");
        member->key[used++] = c;
    }
    if (code)
        return code;
    member->key[used] = '\0';
    char *number = strchr(member->key, ' ');
    if (number)
        *number++ = '\0';
    size_t digits = number ? strspn(number, "0123456789") : 0;
    if (!digits || digits > MAX_SIZE_DIGITS || number[digits] ||
        !rog_deployed_key_is_good(member->key))
        return rog_fail(err, ROG_EFORMAT, "the files arrived damaged: no object starts there");
    member->bytes = strtoull(number, NULL, 10);
    return ROG_OK;
}

static int put(struct taking *taking, const struct member *member, size_t size,
               struct rog_error *err)
{
    rog_digest_add(taking->digest, taking->out, size);
    for (size_t at = 0; at < size;) {
        ssize_t done = write(member->file, taking->out + at, size - at);
        if (done < 0 && errno != EINTR)
            return fail_write(taking, err);
        at += done > 0 ? (size_t)done : 0;
    }
    return ROG_OK;
}

/* Decodes the available part of the frame. *more: zstd's hint, 0 at the end of the frame. */
static int decode(struct taking *taking, struct member *member, size_t *more, struct rog_error *err)
{
    size_t there = taking->in_bytes - taking->in_at;
    ZSTD_inBuffer in = {.src = taking->in + taking->in_at,
                        .size = there < member->bytes ? there : (size_t)member->bytes};
    ZSTD_outBuffer out;
    int code = ROG_OK;
    do {
        out = (ZSTD_outBuffer){.dst = taking->out, .size = PIECE_BYTES};
        *more = ZSTD_decompressStream(taking->decoder, &out, &in);
        if (ZSTD_isError(*more) || (*more == 0 && (in.pos < in.size || in.size < member->bytes)))
            return rog_fail(err, ROG_EFORMAT, "the files arrived damaged: %s: %s", member->key,
                            ZSTD_isError(*more) ? ZSTD_getErrorName(*more)
                                                : "there is extra data after its content");
        code = put(taking, member, out.pos, err);
    } while (!code && *more && (in.pos < in.size || out.pos == out.size));
    taking->in_at += in.size;
    member->bytes -= in.size;
    return code;
}

static int take_content(struct taking *taking, struct member *member, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    size_t more = 1;
    int code = ROG_OK;
    ZSTD_DCtx_reset(taking->decoder, ZSTD_reset_session_only);
    rog_digest_begin(taking->digest);
    while (!code && member->bytes > 0) {
        code = fill(taking, err);
        if (!code)
            code = decode(taking, member, &more, err);
    }
    if (code)
        return code;
    rog_digest_end(taking->digest, hex);
    if (more || strncmp(hex, member->key, sizeof hex - 1) != 0)
        return rog_fail(err, ROG_EFORMAT,
                        "the files arrived damaged: the hash of %s does not match", member->key);
    return ROG_OK;
}

/* Gives the complete object its mode and its name. */
static int keep(const struct taking *taking, struct member *member, struct rog_error *err)
{
    mode_t mode = (mode_t)strtoul(strchr(member->key, '-') + 1, NULL, 8);
    char *final = rog_format("%s/objects/%s", taking->root, member->key);
    int code = final ? ROG_OK : rog_fail_nomem(err);
    if (!code && fchmod(member->file, mode) != 0)
        code = fail_write(taking, err);
    if (!code && close(member->file) != 0)
        code = fail_write(taking, err);
    else if (!code)
        member->file = -1;
    if (!code && rename(member->path, final) != 0)
        code = fail_write(taking, err);
    free(final);
    return code;
}

static int take_object(struct taking *taking, struct rog_error *err)
{
    struct member member = {.file = -1};
    int code = read_line(taking, &member, err);
    if (!code && !(member.path = rog_path_join(taking->part, member.key)))
        code = rog_fail_nomem(err);
    if (!code && (member.file = open(member.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                                     S_IRUSR | S_IWUSR)) < 0)
        code = fail_write(taking, err);
    if (!code)
        code = take_content(taking, &member, err);
    if (!code)
        code = keep(taking, &member, err);
    if (code && member.path)
        unlink(member.path);
    if (member.file >= 0)
        close(member.file);
    free(member.path);
    return code;
}

int rog_unpack_objects(int input, const char *root, const char *part, size_t count,
                       struct rog_error *err)
{
    struct taking taking = {.input = input, .root = root, .part = part};
    int code = ROG_OK;
    taking.in = malloc(PIECE_BYTES);
    taking.out = malloc(PIECE_BYTES);
    taking.digest = rog_digest_new();
    taking.decoder = ZSTD_createDCtx();
    if (!taking.in || !taking.out || !taking.digest || !taking.decoder ||
        ZSTD_isError(
            ZSTD_DCtx_setParameter(taking.decoder, ZSTD_d_windowLogMax, ROG_DEPLOYED_WINDOW_LOG)))
        code = rog_fail_nomem(err);
    for (size_t i = 0; i < count && !code; i++)
        code = take_object(&taking, err);
    ZSTD_freeDCtx(taking.decoder);
    rog_digest_free(taking.digest);
    free(taking.out);
    free(taking.in);
    return code;
}
