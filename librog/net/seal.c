/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted and authenticated handshake and frames, with libsodium. */
#include <librog/net/seal.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <errno.h>

#include <librog/net/bytes.h>
#include <librog/net/handshake.h>

#define MAGIC "ROGL"
#define PREFIX_BYTES 8
#define TAG_BYTES ROG_NOISE_TAG_BYTES
#define SECRET_FILE_MAX 128

_Static_assert(ROG_HANDSHAKE_BYTES == PREFIX_BYTES + ROG_NOISE_MESSAGE_OVERHEAD,
               "handshake layout");
_Static_assert(ROG_FRAME_OVERHEAD == ROG_FRAME_HEADER_BYTES + 1 + TAG_BYTES, "frame layout");

struct rog_secret {
    uint8_t bytes[ROG_SECRET_BYTES];
};

struct rog_seal {
    const struct rog_secret *secret;
    bool server;
    uint8_t message[ROG_HANDSHAKE_BYTES]; /* our handshake message */
    struct rog_noise_handshake handshake;
    struct rog_noise_cipher send, receive;
};

/* ---- the run's secret ---- */

int rog_secret_new(struct rog_secret **secret, const uint8_t bytes[ROG_SECRET_BYTES],
                   struct rog_error *err)
{
    *secret = NULL;
    if (sodium_init() < 0)
        return rog_fail(err, ROG_EFAILED, "cannot initialize libsodium on this machine");
    struct rog_secret *made = sodium_malloc(sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    memcpy(made->bytes, bytes, ROG_SECRET_BYTES);
    *secret = made;
    return ROG_OK;
}

void rog_secret_free(struct rog_secret *secret)
{
    sodium_free(secret);
}

const uint8_t *rog_secret_bytes(const struct rog_secret *secret)
{
    return secret->bytes;
}

static int check_owner(int fd, const char *path, struct rog_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return rog_fail(err, ROG_EIO, "cannot access key file %s: %s", path, strerror(errno));
    if (S_ISREG(info.st_mode) && (info.st_mode & 077))
        return rog_fail(err, ROG_EINVAL,
                        "key file %s is readable by others (mode %03o); hint: chmod 600 %s", path,
                        (unsigned)(info.st_mode & 0777), path);
    return ROG_OK;
}

/* Reads at most SECRET_FILE_MAX bytes; a longer file is not valid. */
static int read_small(int fd, const char *path, uint8_t *text, size_t *size, struct rog_error *err)
{
    *size = 0;
    while (*size < SECRET_FILE_MAX) {
        ssize_t got = read(fd, text + *size, SECRET_FILE_MAX - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rog_fail(err, ROG_EIO, "cannot read key file %s: %s", path, strerror(errno));
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    return ROG_OK;
}

int rog_secret_read(struct rog_secret **secret, const char *path, struct rog_error *err)
{
    *secret = NULL;
    uint8_t text[SECRET_FILE_MAX], bytes[ROG_SECRET_BYTES];
    size_t size = 0, decoded = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rog_fail(err, ROG_EIO, "cannot open key file %s: %s", path, strerror(errno));
    int code = check_owner(fd, path, err);
    if (!code)
        code = read_small(fd, path, text, &size, err);
    close(fd);
    if (code)
        goto out;
    if (size == ROG_SECRET_BYTES) {
        memcpy(bytes, text, ROG_SECRET_BYTES);
    } else if (sodium_hex2bin(bytes, sizeof bytes, (const char *)text, size, " \r\n", &decoded,
                              NULL) != 0 ||
               decoded != ROG_SECRET_BYTES) {
        code = rog_fail(err, ROG_EINVAL,
                        "key file %s does not contain a key: %d bytes or %d hexadecimal digits "
                        "expected (found %zu bytes)",
                        path, ROG_SECRET_BYTES, 2 * ROG_SECRET_BYTES, size);
        goto out;
    }
    code = rog_secret_new(secret, bytes, err);
out:
    sodium_memzero(text, sizeof text);
    sodium_memzero(bytes, sizeof bytes);
    return code;
}

/* ---- handshake ---- */

static void write_prefix(bool server, uint8_t prefix[PREFIX_BYTES])
{
    memcpy(prefix, MAGIC, 4);
    prefix[4] = ROG_LINK_VERSION;
    prefix[5] = server ? 2 : 1;
    rog_put_u16(prefix + 6, 0);
}

int rog_seal_new(struct rog_seal **seal, const struct rog_secret *secret, bool server,
                 struct rog_error *err)
{
    struct rog_seal *made = *seal = sodium_malloc(sizeof *made);
    uint8_t prologue[PREFIX_BYTES];
    if (!made)
        return rog_fail_nomem(err);
    memset(made, 0, sizeof *made);
    made->secret = secret;
    made->server = server;
    write_prefix(false, prologue);
    rog_noise_begin(&made->handshake, prologue, sizeof prologue, secret->bytes);
    return ROG_OK;
}

void rog_seal_free(struct rog_seal *seal)
{
    sodium_free(seal);
}

static int write_message(struct rog_seal *seal, struct rog_error *err)
{
    write_prefix(seal->server, seal->message);
    rog_noise_draw_key(&seal->handshake);
    if (!rog_noise_write(&seal->handshake, seal->server, NULL, 0, seal->message + PREFIX_BYTES))
        return rog_fail(err, ROG_EFORMAT, "the peer's public key is invalid");
    return ROG_OK;
}

void rog_seal_introduce(struct rog_seal *seal, uint8_t message[ROG_HANDSHAKE_BYTES])
{
    if (!seal->server)
        write_message(seal, NULL);
    memcpy(message, seal->message, ROG_HANDSHAKE_BYTES);
}

int rog_seal_meet(struct rog_seal *seal, const uint8_t message[ROG_HANDSHAKE_BYTES],
                  struct rog_error *err)
{
    uint8_t prefix[PREFIX_BYTES], nothing[1];
    write_prefix(!seal->server, prefix);
    if (memcmp(message, MAGIC, 4) != 0)
        return rog_fail(err, ROG_EFORMAT, "the peer does not speak this protocol");
    if (message[4] != ROG_LINK_VERSION)
        return rog_fail(err, ROG_EFORMAT,
                        "the peer uses version %u of the link protocol, this program version %d: "
                        "use the same version of rog-trainer on all hosts",
                        message[4], ROG_LINK_VERSION);
    if (memcmp(message, prefix, PREFIX_BYTES) != 0 ||
        !rog_noise_read(&seal->handshake, !seal->server, message + PREFIX_BYTES,
                        ROG_NOISE_MESSAGE_OVERHEAD, nothing))
        return rog_fail(
            err, ROG_EFORMAT,
            "the peer has a different key: all nodes of a run need the same --key-file");
    int code = seal->server ? write_message(seal, err) : ROG_OK;
    if (code < 0)
        return code;
    struct rog_noise_cipher *there = seal->server ? &seal->receive : &seal->send;
    struct rog_noise_cipher *back = seal->server ? &seal->send : &seal->receive;
    rog_noise_split(&seal->handshake, there, back);
    return ROG_OK;
}

/* ---- frames ---- */

static void keep_fresh(struct rog_noise_cipher *cipher)
{
    if ((cipher->nonce & ((UINT64_C(1) << ROG_REKEY_BITS) - 1)) == 0)
        rog_noise_rekey(cipher);
}

size_t rog_seal_close(struct rog_seal *seal, uint8_t type, const uint8_t *payload, size_t size,
                      uint8_t *frame)
{
    uint8_t *text = frame + ROG_FRAME_HEADER_BYTES;
    rog_put_u32(frame, ROG_LINK_VERSION | (uint32_t)(1 + size + TAG_BYTES) << 8);
    rog_put_u64(frame + 4, seal->send.nonce);
    text[0] = type;
    if (size)
        memmove(text + 1, payload, size);
    rog_noise_encrypt(&seal->send, frame, ROG_FRAME_HEADER_BYTES, text, 1 + size, text);
    keep_fresh(&seal->send);
    return size + ROG_FRAME_OVERHEAD;
}

int rog_seal_frame_bytes(const struct rog_seal *seal, const uint8_t *header, size_t most,
                         size_t *bytes, struct rog_error *err)
{
    uint32_t length = rog_get_u32(header) >> 8;
    uint64_t sequence = rog_get_u64(header + 4);
    if (header[0] != ROG_LINK_VERSION)
        return rog_fail(err, ROG_EFORMAT, "a frame of version %u instead of %d", header[0],
                        ROG_LINK_VERSION);
    if (sequence != seal->receive.nonce)
        return rog_fail(err, ROG_EFORMAT, "received frame %llu, expected %llu",
                        (unsigned long long)sequence, (unsigned long long)seal->receive.nonce);
    *bytes = ROG_FRAME_HEADER_BYTES + (size_t)length;
    if (length < 1 + TAG_BYTES || *bytes > most)
        return rog_fail(err, ROG_EFORMAT, "a frame of %zu bytes; %d to %zu are allowed", *bytes,
                        ROG_FRAME_OVERHEAD, most);
    return ROG_OK;
}

int rog_seal_open(struct rog_seal *seal, uint8_t *frame, size_t bytes, uint8_t *type,
                  uint8_t **payload, size_t *size, struct rog_error *err)
{
    uint8_t *text = frame + ROG_FRAME_HEADER_BYTES;
    size_t expected = 0;
    int code = bytes < ROG_FRAME_OVERHEAD
                   ? ROG_EFORMAT
                   : rog_seal_frame_bytes(seal, frame, bytes, &expected, err);
    if (!code && expected != bytes)
        code = ROG_EFORMAT;
    if (code || !rog_noise_decrypt(&seal->receive, frame, ROG_FRAME_HEADER_BYTES, text,
                                   bytes - ROG_FRAME_HEADER_BYTES, text))
        return rog_fail(err, ROG_EFORMAT, "frame %llu is damaged or forged",
                        (unsigned long long)seal->receive.nonce);
    keep_fresh(&seal->receive);
    *type = text[0];
    *payload = text + 1;
    *size = bytes - ROG_FRAME_OVERHEAD;
    return ROG_OK;
}
