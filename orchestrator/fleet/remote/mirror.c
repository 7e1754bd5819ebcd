/* SPDX-License-Identifier: Apache-2.0 */
/* Copies what a host has written to local files of the same names. */
#include <orchestrator/fleet/remote/mirror.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/state_slots.h>
#include <orchestrator/fleet/run_files.h>
#include <rog/events.h>

#define CHUNK_BYTES ((size_t)1 << 20) /* of one request, and of a line */
#define LOG_BYTES 65536
#define JSON_MAX_BYTES 65536
/* Maximum size of a checkpoint if nothing is known about it; and how much larger a checkpoint may
 * be than another one of the same model, because of its metadata. */
#define CHECKPOINT_MAX_BYTES ((uint64_t)16 << 30)
#define CHECKPOINT_MORE_BYTES ((uint64_t)1 << 20)
/* Maximum size of a server's state in models: pushes in progress of that many workers, and the
 * state of its optimizer. */
#define STATE_MODELS 64
#define STATE_FORMAT "server-%u.state"
#define LAYOUT_BYTES ((size_t)16 << 20)

struct buffer {
    char *text;
    size_t used, room;
};

/* Stores what fits. Returns ROG_EBUSY when the buffer is full. */
static int take(const void *data, size_t size, void *user, struct rog_error *err)
{
    struct buffer *buffer = user;
    (void)err;
    size_t fits = buffer->room - buffer->used < size ? buffer->room - buffer->used : size;
    memcpy(buffer->text + buffer->used, data, fits);
    buffer->used += fits;
    return fits < size ? ROG_EBUSY : 0;
}

/* Reads up to `room` bytes from `offset`. The buffer's text is heap memory and ends with a NUL. */
static int read_remote(struct rog_connection *connection, const char *path, uint64_t offset,
                       size_t room, struct buffer *buffer, struct rog_error *err)
{
    *buffer = (struct buffer){.text = malloc(room + 1), .room = room};
    if (!buffer->text)
        return rog_fail_nomem(err);
    int code = rog_connection_download(connection, path, offset, take, buffer, NULL, err);
    buffer->text[buffer->used] = '\0';
    return code == ROG_EBUSY ? 0 : code;
}

/* A folder on a host, and the local folder that it is copied to. */
struct mirror {
    struct rog_connection *connection;
    const char *there, *here;
    uint64_t *checkpoint_bytes;
};

/* ---- checkpoints ---- */

struct saving {
    const char *from;
    struct rog_file_writer writer;
    struct rog_sha256_stream *hash;
    uint64_t room; /* bytes that may still follow */
};

uint64_t rog_mirror_checkpoint_bytes(const char *start_model)
{
    struct stat status;
    bool known = start_model && stat(start_model, &status) == 0;
    return known ? (uint64_t)status.st_size + CHECKPOINT_MORE_BYTES : 0;
}

static int save(const void *data, size_t size, void *user, struct rog_error *err)
{
    struct saving *saving = user;
    if (size > saving->room)
        return rog_fail(err, ROG_EFORMAT, "%s has more bytes than the host reported", saving->from);
    saving->room -= size;
    rog_sha256_stream_add(saving->hash, data, size);
    if (fwrite(data, 1, size, saving->writer.file) != size)
        return rog_fail(err, ROG_EIO, "cannot write %s: %s", saving->writer.temporary,
                        strerror(errno));
    return 0;
}

/* Sets *bytes to the size of a checkpoint and checks it. */
static int size_checkpoint(struct rog_connection *connection, const char *from, uint64_t most,
                           uint64_t *bytes, struct rog_error *err)
{
    int code = rog_connection_size(connection, from, bytes, err);
    if (code == 0 && *bytes > most)
        code =
            rog_fail(err, ROG_EFORMAT,
                     "%s: the checkpoint %s has %llu bytes, but the model of this run has at most "
                     "%llu: it is not accepted",
                     connection->name, from, (unsigned long long)*bytes, (unsigned long long)most);
    return code;
}

/* *most: see rog_mirror_pull. sha256 NULL: the file itself shows whether it is complete. */
static int fetch_checkpoint(struct rog_connection *connection, const char *from, const char *to,
                            const char *sha256, uint64_t *most, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES] = "";
    struct saving saving = {.from = from};
    if (sha256 && rog_sha256_file(to, hex, NULL) == 0 && strcmp(hex, sha256) == 0)
        return 0;
    int code =
        size_checkpoint(connection, from, *most ? *most : CHECKPOINT_MAX_BYTES, &saving.room, err);
    uint64_t bytes = saving.room;
    if (code == 0)
        code = rog_file_writer_open(&saving.writer, to, err);
    if (code == 0)
        code = rog_sha256_stream_new(&saving.hash, err);
    if (code == 0) {
        code = rog_connection_download(connection, from, 0, save, &saving, NULL, err);
        rog_sha256_stream_end(saving.hash, hex);
    }
    if (code == 0 && sha256 && strcmp(hex, sha256) != 0)
        code = rog_fail(err, ROG_EFORMAT,
                        "%s: %s is not the checkpoint that was saved (its checksum is %s)",
                        connection->name, from, hex);
    if (code == ROG_ENOTFOUND)
        code = rog_fail(err, ROG_EFORMAT, "%s: the checkpoint %s is gone", connection->name, from);
    if (code == 0)
        code = rog_file_writer_commit(&saving.writer, err);
    else
        rog_file_writer_discard(&saving.writer);
    if (code == 0 && *most == 0)
        *most = bytes + CHECKPOINT_MORE_BYTES;
    return code;
}

/* The name becomes a local path. Only files of the checkpoint folder are allowed, because other
 * files of the run control what rogctl does. */
static int check_name(const char *name, struct rog_error *err)
{
    static const char folder[] = ROG_RUN_CHECKPOINTS "/";
    bool good = strncmp(name, folder, sizeof folder - 1) == 0 && strlen(name) < NAME_MAX;
    for (const char *at = good ? name + sizeof folder - 1 : ""; *at; at++)
        good &= *at != '/' && (unsigned char)*at >= ' ' && *at != 0x7f;
    const char first = good ? name[sizeof folder - 1] : '\0';
    return first && first != '.'
               ? 0
               : rog_fail(err, ROG_EFORMAT,
                          "a checkpoint whose path is not in the run's folder " ROG_RUN_CHECKPOINTS
                          ", or no file's name");
}

/* ---- what the server resumes from ---- */

/* Fetches the state beside the model. Its name becomes a local path, so only names of that form are
 * allowed. */
static int fetch_server_state(const struct mirror *mirror, const struct rog_json *saved,
                              struct rog_error *err)
{
    unsigned index;
    char name[32] = "";
    const char *said = rog_json_get_string(saved, "state", "");
    uint64_t most = *mirror->checkpoint_bytes * STATE_MODELS;
    if (!said[0])
        return 0;
    if (sscanf(said, STATE_FORMAT, &index) == 1)
        snprintf(name, sizeof name, STATE_FORMAT, index);
    if (strcmp(name, said) != 0)
        return rog_fail(err, ROG_EFORMAT, "%s: a state whose name is %.40s",
                        mirror->connection->name, said);
    char *from = rog_path_join(mirror->there, name), *to = rog_path_join(mirror->here, name);
    int code = from && to
                   ? fetch_checkpoint(mirror->connection, from, to,
                                      rog_json_get_string(saved, "state_sha256", ""), &most, err)
                   : rog_fail_nomem(err);
    free(to);
    free(from);
    return code;
}

/* Fetches the layout of a model that workers have sent to the server. It never changes. */
static int fetch_layout(const struct mirror *mirror, struct rog_error *err)
{
    struct buffer buffer = {0};
    char *from = rog_path_join(mirror->there, ROG_RUN_LAYOUT);
    char *to = rog_path_join(mirror->here, ROG_RUN_LAYOUT);
    int code = from && to ? 0 : rog_fail_nomem(err);
    if (code == 0 && !rog_file_exists(to)) {
        code = read_remote(mirror->connection, from, 0, LAYOUT_BYTES, &buffer, err);
        if (code == 0)
            code = rog_file_write(to, buffer.text, buffer.used, err);
    }
    free(buffer.text);
    free(to);
    free(from);
    return code == ROG_ENOTFOUND ? 0 : code;
}

/* Removes states that are older than the one that the local server.json names. */
static void remove_older(const struct mirror *mirror, const struct rog_json *saved)
{
    const char *kept = rog_json_get_string(saved, "state", "");
    DIR *dir = opendir(mirror->here);
    unsigned index;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (sscanf(entry->d_name, STATE_FORMAT, &index) == 1 && strcmp(entry->d_name, kept) != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

static bool is_same(const struct rog_json *one, const struct rog_json *other, const char *name)
{
    const char *text = rog_json_get_string(one, name, "");
    return text[0] && strcmp(text, rog_json_get_string(other, name, "")) == 0;
}

/* Fetches a checkpoint that is in the run's folder on the host under that name. */
static int fetch_named(const struct mirror *mirror, const struct rog_json *named,
                       struct rog_error *err)
{
    const char *name = rog_json_get_string(named, "path", "");
    int code = check_name(name, err);
    char *from = rog_path_join(mirror->there, name), *to = rog_path_join(mirror->here, name);
    if (code == 0)
        code = from && to ? fetch_checkpoint(mirror->connection, from, to,
                                             rog_json_get_string(named, "sha256", ""),
                                             mirror->checkpoint_bytes, err)
                          : rog_fail_nomem(err);
    free(to);
    free(from);
    return code;
}

/* Fetches what server.json (`saved`) names besides a checkpoint, and then stores server.json
 * itself. */
static int store_saved(const struct mirror *mirror, const struct rog_json *saved,
                       struct rog_error *err)
{
    int code = fetch_server_state(mirror, saved, err);
    if (code == 0)
        code = fetch_layout(mirror, err);
    char *text = code == 0 ? rog_json_text_pretty(saved) : NULL;
    char *path = rog_path_join(mirror->here, ROG_RUN_SERVER_STATE);
    if (code == 0)
        code = text && path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    if (code == 0)
        remove_older(mirror, saved);
    free(path);
    free(text);
    return code;
}

/* Fetches what the server needs to resume from the event's checkpoint, besides that. If the server
 * has already saved the next one, that event does it. */
static int fetch_saved(const struct mirror *mirror, const struct rog_json *event,
                       struct rog_error *err)
{
    struct rog_json *saved = NULL;
    struct rog_error cause = {0};
    int code =
        rog_mirror_json(mirror->connection, mirror->there, ROG_RUN_SERVER_STATE, &saved, &cause);
    if (code == 0 && is_same(saved, event, "path") && is_same(saved, event, "sha256"))
        code = store_saved(mirror, saved, &cause);
    rog_json_free(saved);
    /* The record of the run is complete without it. */
    bool is_gone = code == ROG_ENOTFOUND || code == ROG_EFORMAT;
    return code == 0 || is_gone ? 0 : rog_fail_again(err, &cause);
}

/* Fetches what a killed server had saved between two checkpoints, if anything. */
static int fetch_slot(const struct mirror *mirror, unsigned slot, struct rog_error *err)
{
    uint64_t bytes, most = *mirror->checkpoint_bytes * STATE_MODELS;
    char *from = rog_format("%s/" ROG_STATE_FOLDER "/%u", mirror->there, slot);
    char *to = rog_format("%s/" ROG_STATE_FOLDER "/%u", mirror->here, slot);
    char *dir = to ? rog_path_dir(to) : NULL;
    int code = from && dir ? rog_connection_size(mirror->connection, from, &bytes, err)
                           : rog_fail_nomem(err);
    bool is_there = code == 0;
    if (is_there)
        code = rog_dir_make(dir, err);
    if (code == 0)
        code = fetch_checkpoint(mirror->connection, from, to, NULL, &most, err);
    free(dir);
    free(to);
    free(from);
    return code == ROG_ENOTFOUND && !is_there ? 0 : code;
}

int rog_mirror_saved(struct rog_connection *connection, const char *there, const char *here,
                     uint64_t *checkpoint_bytes, struct rog_error *err)
{
    const struct mirror mirror = {connection, there, here, checkpoint_bytes};
    struct rog_json *saved = NULL;
    int code = rog_mirror_json(connection, there, ROG_RUN_SERVER_STATE, &saved, err);
    bool is_there = code == 0;
    if (is_there && rog_json_get_string(saved, "path", "")[0]) /* not for models without values */
        code = fetch_named(&mirror, saved, err);
    if (is_there && code == 0)
        code = store_saved(&mirror, saved, err);
    rog_json_free(saved);
    code = code == ROG_ENOTFOUND && !is_there ? 0 : code;
    for (unsigned slot = 0; code == 0 && slot < ROG_STATE_SLOTS; slot++)
        code = fetch_slot(&mirror, slot, err);
    return code;
}

/* Fetches the file that an event names, if any. Uses the same JSON parser as the code that stores
 * events, because a text can be escaped in several ways. A line that is not JSON is reported when
 * it is stored. */
static int follow_event(const struct mirror *mirror, const char *line, size_t size,
                        struct rog_error *err)
{
    struct rog_json *event = NULL;
    int code = rog_json_parse(line, size, "event", &event, err);
    if (code == ROG_EFORMAT)
        return 0;
    if (code == 0 && strcmp(rog_json_get_string(event, "event", ""), ROG_EVENT_CHECKPOINT) == 0) {
        code = fetch_named(mirror, event, err);
        if (code == 0)
            code = fetch_saved(mirror, event, err);
    }
    rog_json_free(event);
    return code;
}

/* ---- streams ---- */

static int append(const char *path, const char *text, size_t size, uint64_t before,
                  struct rog_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666), code = 0;
    ssize_t written = fd >= 0 ? pwrite(fd, text, size, (off_t)before) : -1;
    if (written != (ssize_t)size) {
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path,
                        written < 0 ? strerror(errno) : "the disk is full");
        if (fd >= 0 && ftruncate(fd, (off_t)before) != 0)
            code = rog_fail(err, ROG_EIO, "cannot write or cut %s: %s", path, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    return code;
}

/* Fetches the next piece. Sets *more if it was not the last one. */
static int pull_piece(const struct mirror *mirror, const char *from, const char *to, bool *more,
                      struct rog_error *err)
{
    struct rog_connection *connection = mirror->connection;
    struct stat status;
    struct buffer buffer = {0};
    uint64_t have = stat(to, &status) == 0 ? (uint64_t)status.st_size : 0, size = 0;
    *more = false;
    int code = rog_connection_size(connection, from, &size, err);
    if (code == ROG_ENOTFOUND || (code == 0 && size == have))
        return 0;
    if (code == 0 && size < have)
        code = rog_fail(err, ROG_EFORMAT,
                        "%s: the run's record there, %s, is shorter than the copy here: the last "
                        "part of it was lost",
                        connection->name, from);
    if (code == 0)
        code = read_remote(connection, from, have, CHUNK_BYTES, &buffer, err);
    size_t whole = buffer.used;
    while (whole > 0 && buffer.text[whole - 1] != '\n')
        whole--;
    if (code == 0 && whole == 0 && buffer.used == CHUNK_BYTES)
        code = rog_fail(err, ROG_EFORMAT, "%s: %s: a line of over %zu bytes", connection->name,
                        from, CHUNK_BYTES);
    for (size_t at = 0; code == 0 && at < whole;) {
        const char *end = memchr(buffer.text + at, '\n', whole - at);
        size_t length = (size_t)(end - (buffer.text + at));
        code = follow_event(mirror, buffer.text + at, length, err);
        at += length + 1;
    }
    if (code == 0 && whole > 0)
        code = append(to, buffer.text, whole, have, err);
    *more = code == 0 && whole > 0 && buffer.used == CHUNK_BYTES;
    free(buffer.text);
    return code;
}

int rog_mirror_pull(struct rog_connection *connection, const char *there, const char *here,
                    const char *name, uint64_t *checkpoint_bytes, struct rog_error *err)
{
    const struct mirror mirror = {connection, there, here, checkpoint_bytes};
    bool more = true;
    char *from = rog_path_join(there, name), *to = rog_path_join(here, name);
    int code = from && to ? 0 : rog_fail_nomem(err);
    while (code == 0 && more)
        code = pull_piece(&mirror, from, to, &more, err);
    free(to);
    free(from);
    return code;
}

/* ---- small files ---- */

int rog_mirror_log(struct rog_connection *connection, const char *there, const char *name,
                   const char *path, struct rog_error *err)
{
    struct buffer buffer = {0};
    uint64_t size = 0;
    char *from = rog_path_join(there, name);
    int code = from ? rog_connection_size(connection, from, &size, err) : rog_fail_nomem(err);
    bool missing = code == ROG_ENOTFOUND;
    if (code == 0)
        code = read_remote(connection, from, size > LOG_BYTES ? size - LOG_BYTES : 0, LOG_BYTES,
                           &buffer, err);
    if (code == 0)
        code = rog_file_write(path, buffer.text, buffer.used, err);
    free(buffer.text);
    free(from);
    return missing ? 0 : code;
}

int rog_mirror_json(struct rog_connection *connection, const char *there, const char *name,
                    struct rog_json **json, struct rog_error *err)
{
    struct buffer buffer = {0};
    char *from = rog_path_join(there, name);
    int code =
        from ? read_remote(connection, from, 0, JSON_MAX_BYTES, &buffer, err) : rog_fail_nomem(err);
    if (code == 0) {
        code = rog_json_parse(buffer.text, buffer.used, name, json, err);
        if (code < 0)
            rog_fail_prefix(err, "%s", connection->name);
    }
    free(buffer.text);
    free(from);
    return code;
}
