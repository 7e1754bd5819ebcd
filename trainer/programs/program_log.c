/* SPDX-License-Identifier: Apache-2.0 */
/* A log of bounded size: if there is too much, the middle is cut out. */
#include <trainer/programs/program_log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/last_words.h>

#define PIECE_BYTES 65536
/* Bytes kept of the beginning, and at least of the end, which may grow to twice as much. */
#define KEPT_BYTES ((uint64_t)512 << 10)
#define MARK_BYTES 64
#define LAST_BYTES 4096

int rog_program_log_open(struct rog_program_log *log, const char *folder, struct rog_error *err)
{
    *log = ROG_PROGRAM_LOG_NONE;
    log->path = rog_path_join(folder, ROG_PROGRAM_LOG);
    if (!log->path)
        return rog_fail_nomem(err);
    log->fd = open(log->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return log->fd >= 0 ? ROG_OK
                        : rog_fail(err, ROG_EIO, "cannot write %s: %s", log->path, strerror(errno));
}

void rog_program_log_close(struct rog_program_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    free(log->path);
    *log = ROG_PROGRAM_LOG_NONE;
}

/* Returns how many bytes were written. */
static size_t write_at(const struct rog_program_log *log, const char *bytes, size_t size,
                       uint64_t place)
{
    size_t done = 0;
    while (done < size) {
        ssize_t wrote = pwrite(log->fd, bytes + done, size - done, (off_t)(place + done));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break;
        done += (size_t)wrote;
    }
    return done;
}

static void write_mark(struct rog_program_log *log)
{
    char mark[MARK_BYTES + 1];
    int length = snprintf(mark, sizeof mark, "\n[... %llu bytes omitted ...]\n",
                          (unsigned long long)log->left_out);
    memset(mark + length, '\n', sizeof mark - (size_t)length);
    write_at(log, mark, MARK_BYTES, KEPT_BYTES);
}

/* Moves the end of the log behind its beginning, with a mark between them. */
static void cut(struct rog_program_log *log, char *piece)
{
    uint64_t to = KEPT_BYTES + MARK_BYTES, from = log->size - KEPT_BYTES;
    log->left_out += from - (log->left_out ? to : KEPT_BYTES);
    for (uint64_t done = 0; done < KEPT_BYTES; done += PIECE_BYTES) {
        ssize_t got = pread(log->fd, piece, PIECE_BYTES, (off_t)(from + done));
        if (got > 0)
            write_at(log, piece, (size_t)got, to + done);
    }
    write_mark(log);
    if (ftruncate(log->fd, (off_t)(to + KEPT_BYTES)) == 0)
        log->size = to + KEPT_BYTES;
}

static void add(struct rog_program_log *log, const char *bytes, size_t size)
{
    size_t wrote = write_at(log, bytes, size, log->size);
    log->size += wrote;
    log->left_out += size - wrote;
}

int rog_program_log_take(struct rog_program_log *log, int fd, size_t most)
{
    char piece[PIECE_BYTES];
    for (size_t taken = 0; taken < most;) {
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 || errno != EAGAIN;
        add(log, piece, (size_t)got);
        taken += (size_t)got;
        if (log->size > 3 * KEPT_BYTES)
            cut(log, piece);
    }
    return false;
}

void rog_program_log_last_line(const struct rog_program_log *log, char *line, size_t bytes)
{
    char end[LAST_BYTES + 1];
    uint64_t from = log->size > LAST_BYTES ? log->size - LAST_BYTES : 0;
    ssize_t got = log->fd >= 0 ? pread(log->fd, end, LAST_BYTES, (off_t)from) : 0;
    size_t size = got > 0 ? (size_t)got : 0;
    for (size_t i = 0; i < size; i++)
        if (end[i] == '\0' || end[i] == '\r')
            end[i] = '\n';
    end[size] = '\0';
    rog_last_words(end, line, bytes);
}
