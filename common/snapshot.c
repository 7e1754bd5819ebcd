/* SPDX-License-Identifier: Apache-2.0 */
/* Seals and reads the header of a snapshot. */
#include <common/snapshot.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>

#define SEAL "header_sha256"

char *rog_snapshot_path(const char *run_folder)
{
    return rog_path_join(run_folder, ROG_SNAPSHOT_FOLDER "/" ROG_SNAPSHOT_FILE);
}

/* Computes the hash of all members except the seal. */
static int hash_rest(const struct rog_json *header, char hex[ROG_SHA256_HEX_BYTES],
                     struct rog_error *err)
{
    struct rog_json *rest = rog_json_copy(header);
    rog_json_remove(rest, SEAL);
    char *text = rog_json_text_sorted(rest);
    rog_json_free(rest);
    if (!text)
        return rog_fail_nomem(err);
    rog_sha256(text, strlen(text), hex);
    free(text);
    return ROG_OK;
}

int rog_snapshot_seal(struct rog_json *header, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    int code = hash_rest(header, hex, err);
    if (!code)
        rog_json_put_string(header, SEAL, hex);
    return code;
}

static bool is_count(const struct rog_json *value)
{
    return rog_json_is_integer(value) && rog_json_integer(value, -1) >= 0;
}

static int check(const struct rog_json *header, const char *path, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    int64_t format = rog_json_get_integer(header, "format", 0);
    if (format != ROG_SNAPSHOT_FORMAT)
        return rog_fail(err, ROG_EFORMAT,
                        "%s has format %lld, this version of rogctl reads format %d", path,
                        (long long)format, ROG_SNAPSHOT_FORMAT);
    if (!is_count(rog_json_get(header, "events_bytes")) ||
        !is_count(rog_json_get(header, "state_bytes")) ||
        !rog_json_is_number(rog_json_get(header, "t")) ||
        !rog_json_is_object(rog_json_get(header, "of")))
        return rog_fail(err, ROG_EFORMAT, "%s does not say which run it belongs to", path);
    int code = hash_rest(header, hex, err);
    if (!code && strcmp(hex, rog_json_get_string(header, SEAL, "")) != 0)
        code = rog_fail(err, ROG_EFORMAT, "%s is damaged: the hash of its header does not match",
                        path);
    return code;
}

int rog_snapshot_header(const char *path, struct rog_json **header, struct rog_error *err)
{
    char text[ROG_SNAPSHOT_HEADER_BYTES];
    *header = NULL;
    FILE *file = rog_file_stream_regular(path);
    if (!file)
        return rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot open %s: %s", path,
                        strerror(errno));
    size_t got = fread(text, 1, sizeof text, file);
    fclose(file);
    if (got != sizeof text)
        return rog_fail(err, ROG_EFORMAT, "%s is truncated: its header is incomplete", path);
    int code = rog_json_parse(text, got, path, header, err);
    if (!code)
        code = check(*header, path, err);
    if (code) {
        rog_json_free(*header);
        *header = NULL;
    }
    return code;
}
