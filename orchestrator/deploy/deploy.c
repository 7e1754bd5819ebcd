/* SPDX-License-Identifier: Apache-2.0 */
/* Deploys files to a host: asks what it lacks, sends that, and lets it create the tree. */
#include <orchestrator/deploy/deploy.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/deployed.h>
#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/deploy/packed.h>
#include <orchestrator/deploy/scripts.h>

#define PATIENCE_S 120.0 /* without any progress */
#define PIECE_BYTES 65536

/* A file of the tree. Files with the same content and mode share an object. */
struct entry {
    const char *name, *source;
    char key[ROG_DEPLOYED_KEY_BYTES];
    bool missing; /* the host lacks the object, and this entry sends it */
    char *packed; /* path of the compressed file, if it is sent */
};

struct deployment {
    struct rog_connection *connection;
    struct entry *entry; /* sorted by name */
    size_t count, missing;
    char *manifest;
    char hash[ROG_SHA256_HEX_BYTES];
    char *root;
    bool whole; /* the tree exists */
    struct entry *unpacker;

    /* State of sending. */
    size_t at;
    int file; /* of the unpacker or of entry `at` */
    char *piece;
    uint64_t sent_bytes;
};

/* --- the manifest --- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Checks that no name occurs twice or is also a folder. */
static int check_names(const struct deployment *d, struct rog_error *err)
{
    for (size_t i = 0; i < d->count; i++) {
        const char *name = d->entry[i].name;
        size_t length = strlen(name);
        for (size_t k = i + 1; k < d->count; k++) {
            const char *other = d->entry[k].name;
            if (strncmp(name, other, length) != 0)
                break;
            if (!other[length] || other[length] == '/')
                return rog_fail(err, ROG_EINVAL, "two files to deploy have the name %s", name);
        }
    }
    return ROG_OK;
}

static int take_items(struct deployment *d, const struct rog_deploy_item *items, size_t count,
                      struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    if (!count)
        return rog_fail(err, ROG_EINVAL, "there is nothing to deploy");
    d->entry = calloc(count, sizeof *d->entry);
    if (!d->entry)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const struct rog_deploy_item *item = &items[i];
        struct entry *entry = &d->entry[d->count++];
        if (!rog_deployed_name_is_good(item->name))
            return rog_fail(err, ROG_EINVAL, "\"%s\" cannot be the name of a deployed file",
                            item->name ? item->name : "");
        int code = item->hash ? ROG_OK : rog_sha256_file(item->source, hex, err);
        if (code)
            return code;
        if (item->hash && strspn(item->hash, "0123456789abcdef") != sizeof hex - 1)
            return rog_fail(err, ROG_EINVAL, "%s: \"%s\" is not a SHA-256", item->source,
                            item->hash);
        entry->name = item->name;
        entry->source = item->source;
        snprintf(entry->key, sizeof entry->key, "%.64s-%o", item->hash ? item->hash : hex,
                 item->mode & 0555);
    }
    qsort(d->entry, d->count, sizeof *d->entry, by_name);
    const struct entry unpacker = {.name = ROG_DEPLOY_UNPACKER};
    d->unpacker = bsearch(&unpacker, d->entry, d->count, sizeof *d->entry, by_name);
    if (!d->unpacker)
        return rog_fail(err, ROG_EINVAL, "the files to deploy do not include " ROG_DEPLOY_UNPACKER);
    struct entry *first = d->entry; /* with the same content: the one that mark_missing finds */
    while (strcmp(first->key, d->unpacker->key) != 0)
        first++;
    d->unpacker = first;
    return check_names(d, err);
}

static int write_manifest(struct deployment *d, struct rog_error *err)
{
    size_t size = 0;
    FILE *stream = open_memstream(&d->manifest, &size);
    if (!stream)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < d->count; i++)
        fprintf(stream, "%.64s %s %s\n", d->entry[i].key, d->entry[i].key + 65, d->entry[i].name);
    if (fclose(stream) != 0)
        return rog_fail_nomem(err);
    rog_sha256(d->manifest, size, d->hash);
    return ROG_OK;
}

/* --- asking --- */

static int give_manifest(void *user, const void **data, size_t *size, struct rog_error *err)
{
    const char **rest = user;
    (void)err;
    *data = *rest;
    *size = strlen(*rest);
    *rest += *size;
    return ROG_OK;
}

/* Marks the first entry with that key: it sends the object. */
static int mark_missing(struct deployment *d, const char *key, struct rog_error *err)
{
    for (size_t i = 0; i < d->count; i++) {
        if (strcmp(d->entry[i].key, key) == 0) {
            d->missing += !d->entry[i].missing;
            d->entry[i].missing = true;
            return ROG_OK;
        }
    }
    return rog_fail(err, ROG_EFORMAT, "%s asks for an object that is not in the list: %.80s",
                    d->connection->name, key);
}

/* Reads "whole ROOT", or "part ROOT" and keys. */
static int read_answer(struct deployment *d, char *answer, struct rog_error *err)
{
    char *rest = answer, *line = strsep(&rest, "\n"), *root = line ? strchr(line, ' ') : NULL;
    int code = ROG_OK;
    if (!root || root[1] != '/')
        return rog_fail(err, ROG_EFORMAT, "%s does not answer as expected: %.80s",
                        d->connection->name, line ? line : "");
    *root++ = '\0';
    d->whole = strcmp(line, "whole") == 0;
    d->root = rog_strdup(root);
    if (!d->root)
        return rog_fail_nomem(err);
    for (line = strsep(&rest, "\n"); line && !code; line = strsep(&rest, "\n"))
        if (line[0])
            code = mark_missing(d, line, err);
    return code;
}

static int ask(struct deployment *d, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", rog_deploy_script_ask, "sh", d->hash, NULL};
    const char *rest = d->manifest;
    const struct rog_command_input input = {give_manifest, &rest};
    struct rog_command_result result;
    int code = rog_connection_feed(d->connection, argv, &input, PATIENCE_S, &result, err);
    if (code)
        return code;
    code = rog_connection_succeeded(d->connection, "checking what is deployed", &result, err);
    if (!code)
        code = read_answer(d, result.output, err);
    rog_command_result_release(&result);
    return code;
}

/* --- sending --- */

static int open_file(struct deployment *d, const char *path, uint64_t *size, struct rog_error *err)
{
    struct stat info;
    d->file = open(path, O_RDONLY | O_CLOEXEC);
    if (d->file < 0 || fstat(d->file, &info) != 0)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    *size = (uint64_t)info.st_size;
    return ROG_OK;
}

/* Reads the next piece of the open file, and closes it at its end. */
static int read_piece(struct deployment *d, size_t *size, struct rog_error *err)
{
    ssize_t got = read(d->file, d->piece, PIECE_BYTES);
    if (got < 0)
        return rog_fail(err, ROG_EIO, "cannot read the files to send: %s", strerror(errno));
    *size = (size_t)got;
    if (!got) {
        close(d->file);
        d->file = -1;
    }
    return ROG_OK;
}

static int pack(const struct deployment *d, struct entry *entry, struct rog_error *err)
{
    char hash[ROG_SHA256_HEX_BYTES];
    snprintf(hash, sizeof hash, "%.64s", entry->key);
    free(entry->packed);
    return rog_packed_file(entry->source, hash, d->connection, &entry->packed, err);
}

/* Packs the file again if another host's thread has removed it (see transfer). */
static int open_packed(struct deployment *d, struct entry *entry, uint64_t *bytes,
                       struct rog_error *err)
{
    int code = ROG_OK;
    if (!rog_file_exists(entry->packed))
        code = pack(d, entry, err);
    return code ? code : open_file(d, entry->packed, bytes, err);
}

/* Sends the unpacker uncompressed if the host lacks it, then the stream described in
 * common/deployed.h. */
static int give_files(void *user, const void **data, size_t *size, struct rog_error *err)
{
    struct deployment *d = user;
    uint64_t bytes = 0;
    int code = ROG_OK;
    *data = d->piece;
    *size = 0;
    if (d->file >= 0)
        code = read_piece(d, size, err);
    while (!code && !*size && d->at < d->count) {
        struct entry *entry = &d->entry[d->at++];
        if (!entry->packed)
            continue;
        code = open_packed(d, entry, &bytes, err);
        if (!code)
            *size = (size_t)snprintf(d->piece, PIECE_BYTES, "%s %" PRIu64 "\n", entry->key, bytes);
    }
    d->sent_bytes += *size;
    return code;
}

/* Compresses the files to send, except the unpacker, which is sent first and uncompressed. */
static int pack_missing(struct deployment *d, uint64_t *unpacker_bytes, struct rog_error *err)
{
    int code = ROG_OK;
    *unpacker_bytes = 0;
    if (!(d->piece = malloc(PIECE_BYTES)))
        return rog_fail_nomem(err);
    for (size_t i = 0; i < d->count && !code; i++) {
        struct entry *entry = &d->entry[i];
        if (entry->missing && entry != d->unpacker)
            code = pack(d, entry, err);
    }
    if (!code && d->unpacker->missing)
        code = open_file(d, d->unpacker->source, unpacker_bytes, err);
    return code;
}

/* Sends what is missing and lets the host create the tree. */
static int transfer(struct deployment *d, struct rog_error *err)
{
    char count[24], bytes[24];
    const char *const argv[] = {"sh",    "-c",  rog_deploy_script_take, "sh",  d->root,
                                d->hash, count, d->unpacker->key,       bytes, NULL};
    const struct rog_command_input input = {give_files, d};
    struct rog_command_result result;
    uint64_t unpacker_bytes;
    int code = pack_missing(d, &unpacker_bytes, err);
    if (code)
        return code;
    snprintf(count, sizeof count, "%zu", d->missing - d->unpacker->missing);
    snprintf(bytes, sizeof bytes, "%" PRIu64, unpacker_bytes);
    code = rog_connection_feed(d->connection, argv, &input, PATIENCE_S, &result, err);
    if (code)
        return code;
    if (result.status == ROG_DEPLOYED_STATUS_DAMAGED) /* else they would be sent forever */
        for (size_t i = 0; i < d->count; i++)
            if (d->entry[i].packed)
                unlink(d->entry[i].packed);
    code = rog_connection_succeeded(d->connection, "receiving the files", &result, err);
    rog_command_result_release(&result);
    return code;
}

static int fill_report(const struct deployment *d, struct rog_deploy_report *report,
                       struct rog_error *err)
{
    *report = (struct rog_deploy_report){.files = d->missing, .bytes_on_link = d->sent_bytes};
    for (size_t i = 0; i < d->count; i++) {
        struct stat info;
        if (!d->entry[i].missing)
            continue;
        if (stat(d->entry[i].source, &info) != 0)
            return rog_fail(err, ROG_EIO, "cannot read %s: %s", d->entry[i].source,
                            strerror(errno));
        report->bytes += (uint64_t)info.st_size;
    }
    return ROG_OK;
}

int rog_deploy_tree(struct rog_connection *connection, const struct rog_deploy_item *items,
                    size_t count, char **folder, struct rog_deploy_report *report,
                    struct rog_error *err)
{
    struct deployment d = {.connection = connection, .file = -1};
    *folder = NULL;
    int code = take_items(&d, items, count, err);
    if (!code)
        code = write_manifest(&d, err);
    if (!code)
        code = ask(&d, err);
    if (!code && !d.whole)
        code = transfer(&d, err);
    if (!code && report)
        code = fill_report(&d, report, err);
    if (!code && !(*folder = rog_format("%s/trees/%s", d.root, d.hash)))
        code = rog_fail_nomem(err);
    if (code == ROG_EFAILED)
        rog_fail_prefix(err, "cannot deploy");
    if (d.file >= 0)
        close(d.file);
    for (size_t i = 0; i < d.count; i++)
        free(d.entry[i].packed);
    free(d.entry);
    free(d.manifest);
    free(d.root);
    free(d.piece);
    return code;
}

/* --- other operations --- */

int rog_deploy_root(struct rog_connection *connection, char **root, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", rog_deploy_script_root, NULL};
    int code = rog_connection_command(connection, argv, PATIENCE_S, root, err);
    if (!code)
        (*root)[strcspn(*root, "\n")] = '\0';
    return code;
}

int rog_deploy_clean(struct rog_connection *connection, uint64_t *freed_kib, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", rog_deploy_script_clean, NULL};
    char *said = NULL;
    int code = rog_connection_command(connection, argv, PATIENCE_S, &said, err);
    if (!code && freed_kib)
        *freed_kib = strtoull(said, NULL, 10);
    free(said);
    return code;
}
