/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes files, and remembers the hashes as long as the files do not change. */
#include <orchestrator/inputs/content.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>

#define FIRST_CAPACITY 256 /* a power of two */
#define CACHE_MAX_BYTES (1 << 20)
#define CHECK_DIGITS 16
#define LINE_BYTES 256
#define NS_A_SECOND INT64_C(1000000000)

/* What shows that a file has not changed. */
struct mark {
    uint64_t device, inode;
    int64_t size, changed_ns, inode_changed_ns;
};

struct entry {
    bool used, kept; /* kept: it was read from the cache */
    struct mark mark;
    char hex[ROG_SHA256_HEX_BYTES];
};

struct rog_contents {
    struct entry *entry; /* [capacity], by device and inode */
    size_t capacity, count;
    char *cache; /* path of the cache file; NULL: there is no place for one */
    unsigned long long bytes_read;
};

static int64_t ns(const struct timespec *time)
{
    return (int64_t)time->tv_sec * NS_A_SECOND + time->tv_nsec;
}

static struct mark mark_of(const struct stat *status)
{
    return (struct mark){.device = (uint64_t)status->st_dev,
                         .inode = (uint64_t)status->st_ino,
                         .size = (int64_t)status->st_size,
                         .changed_ns = ns(&status->st_mtim),
                         .inode_changed_ns = ns(&status->st_ctim)};
}

static bool same(const struct mark *a, const struct mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed_ns == b->changed_ns && a->inode_changed_ns == b->inode_changed_ns;
}

/* ---- the table ---- */

/* Returns the entry of that file, or the free entry for it. */
static struct entry *slot(struct entry *entries, size_t capacity, const struct mark *mark)
{
    uint64_t at = (mark->inode ^ mark->device << 32) * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(at >> 32) & (capacity - 1);
    while (entries[i].used &&
           (entries[i].mark.inode != mark->inode || entries[i].mark.device != mark->device))
        i = (i + 1) & (capacity - 1);
    return &entries[i];
}

static bool grow(struct rog_contents *contents)
{
    size_t capacity = contents->capacity ? 2 * contents->capacity : FIRST_CAPACITY;
    struct entry *more = calloc(capacity, sizeof *more);
    if (!more)
        return false;
    for (size_t i = 0; i < contents->capacity; i++)
        if (contents->entry[i].used)
            *slot(more, capacity, &contents->entry[i].mark) = contents->entry[i];
    free(contents->entry);
    contents->entry = more;
    contents->capacity = capacity;
    return true;
}

/* Remembers the latest hash of a file; without memory it is not remembered. */
static void remember(struct rog_contents *contents, const struct mark *mark, const char *hex,
                     bool kept)
{
    if (2 * contents->count >= contents->capacity && !grow(contents))
        return;
    struct entry *entry = slot(contents->entry, contents->capacity, mark);
    contents->count += !entry->used;
    *entry = (struct entry){.used = true, .kept = kept, .mark = *mark};
    memcpy(entry->hex, hex, sizeof entry->hex);
}

/* ---- the cache ---- */

static void line_of(const struct mark *mark, const char *hex, char line[LINE_BYTES])
{
    char check[ROG_SHA256_HEX_BYTES];
    int length = snprintf(
        line, LINE_BYTES, "1 %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %s ",
        mark->device, mark->inode, mark->size, mark->changed_ns, mark->inode_changed_ns, hex);
    rog_sha256(line, (size_t)length, check);
    snprintf(line + length, LINE_BYTES - (size_t)length, "%.*s\n", CHECK_DIGITS, check);
}

static void take_line(struct rog_contents *contents, const char *line)
{
    struct mark mark = {0};
    char hex[ROG_SHA256_HEX_BYTES] = "", whole[LINE_BYTES];
    if (sscanf(line, "1 %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %64[0-9a-f] ",
               &mark.device, &mark.inode, &mark.size, &mark.changed_ns, &mark.inode_changed_ns,
               hex) != 6 ||
        strlen(hex) != ROG_SHA256_HEX_BYTES - 1)
        return;
    line_of(&mark, hex, whole);
    if (strcmp(whole, line) == 0)
        remember(contents, &mark, hex, true);
}

/* Returns whether the cache can be trusted: a regular file that belongs to the user, is not
 * writable by others, and has a plausible size. */
static bool is_ours(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
           !(status.st_mode & (S_IWGRP | S_IWOTH)) && status.st_size <= CACHE_MAX_BYTES;
}

static void read_cache(struct rog_contents *contents)
{
    int fd = open(contents->cache, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    FILE *file = fd >= 0 && is_ours(fd) ? fdopen(fd, "r") : NULL;
    char line[LINE_BYTES];
    if (!file) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while (fgets(line, sizeof line, file))
        take_line(contents, line);
    fclose(file);
}

/* Returns the lines for hashes that are worth keeping and not in the cache yet. Heap memory. */
static char *lines_of(const struct rog_contents *contents, size_t *bytes)
{
    char line[LINE_BYTES], *text = NULL;
    *bytes = 0;
    FILE *stream = open_memstream(&text, bytes);
    if (!stream)
        return NULL;
    for (size_t i = 0; i < contents->capacity; i++) {
        const struct entry *entry = &contents->entry[i];
        if (!entry->used || entry->kept || entry->mark.size < ROG_CONTENT_LARGE_BYTES)
            continue;
        line_of(&entry->mark, entry->hex, line);
        fputs(line, stream);
    }
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* Appends lines to the cache in a single write, so that lines of several processes are not mixed. A
 * file that cannot be trusted, or is too large, is replaced. */
static void write_cache(const struct rog_contents *contents)
{
    size_t bytes = 0;
    char *text = lines_of(contents, &bytes);
    if (text && bytes > 0) {
        char *folder = rog_path_dir(contents->cache);
        bool there = folder && rog_dir_make(folder, NULL) == 0;
        int fd =
            there ? open(contents->cache,
                         O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)
                  : -1;
        bool ours = fd >= 0 && is_ours(fd);
        if (there && (!ours || write(fd, text, bytes) != (ssize_t)bytes))
            rog_file_write(contents->cache, text, bytes, NULL);
        if (fd >= 0)
            close(fd);
        free(folder);
    }
    free(text);
}

/* ---- interface ---- */

int rog_contents_new(struct rog_contents **out, struct rog_error *err)
{
    struct rog_contents *contents = calloc(1, sizeof *contents);
    *out = contents;
    if (!contents)
        return rog_fail_nomem(err);
    char *cache = rog_cache_dir(NULL);
    contents->cache = cache ? rog_path_join(cache, "hashes") : NULL;
    free(cache);
    if (contents->cache)
        read_cache(contents);
    return 0;
}

void rog_contents_free(struct rog_contents *contents)
{
    if (!contents)
        return;
    if (contents->cache)
        write_cache(contents);
    free(contents->cache);
    free(contents->entry);
    free(contents);
}

unsigned long long rog_contents_read(const struct rog_contents *contents)
{
    return contents->bytes_read;
}

static int hash_open(struct rog_contents *contents, int fd, const char *path,
                     char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err)
{
    enum { PIECE_BYTES = 1 << 18 };
    struct rog_sha256_stream *stream = NULL;
    char *piece = malloc(PIECE_BYTES);
    int code = piece ? rog_sha256_stream_new(&stream, err) : rog_fail_nomem(err);
    ssize_t got = 0;
    while (code == 0 && (got = read(fd, piece, PIECE_BYTES)) > 0) {
        rog_sha256_stream_add(stream, piece, (size_t)got);
        contents->bytes_read += (unsigned long long)got;
    }
    if (got < 0)
        code = rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    if (stream)
        rog_sha256_stream_end(stream, hex);
    free(piece);
    return code;
}

/* Returns whether the last change of the file is so long ago that another change would have a
 * different time. */
static bool is_settled(const struct mark *mark, time_t now)
{
    int64_t limit = ((int64_t)now - ROG_CONTENT_SETTLE_S) * NS_A_SECOND;
    return mark->changed_ns < limit && mark->inode_changed_ns < limit;
}

static int hash_file(struct rog_contents *contents, int fd, const char *path,
                     char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err)
{
    struct stat before, after;
    time_t now = time(NULL);
    if (fstat(fd, &before) != 0)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    if (!S_ISREG(before.st_mode))
        return rog_fail(err, ROG_EINVAL, "%s is not a regular file", path);
    struct mark mark = mark_of(&before);
    const struct entry *known =
        contents->capacity ? slot(contents->entry, contents->capacity, &mark) : NULL;
    if (known && known->used && same(&known->mark, &mark)) {
        memcpy(hex, known->hex, sizeof known->hex);
        return 0;
    }
    int code = hash_open(contents, fd, path, hex, err);
    if (code < 0)
        return code;
    struct mark end = fstat(fd, &after) == 0 ? mark_of(&after) : (struct mark){0};
    if (!same(&mark, &end))
        return rog_fail(err, ROG_EIO, "%s was changed while it was read; try again", path);
    if (is_settled(&mark, now))
        remember(contents, &mark, hex, false);
    return 0;
}

int rog_contents_file(struct rog_contents *contents, const char *path,
                      char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err)
{
    /* Opening a pipe must not block; a pipe is not an input of a run. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return rog_fail(err, errno == ENOENT || errno == ENOTDIR ? ROG_ENOTFOUND : ROG_EIO,
                        "cannot open %s: %s", path, strerror(errno));
    int code = hash_file(contents, fd, path, hex, err);
    close(fd);
    return code;
}
