/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the events of the role and forwards a worker's. */
#include <trainer/host/stream.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/json.h>
#include <rog/events.h>
#include <trainer/host/journal.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)

int rog_host_stream_open(struct rog_host_stream *stream, const char *path, const char *copy_path,
                         struct rog_error *err)
{
    *stream = (struct rog_host_stream){.path = path, .buffer = malloc(LINE_MAX_BYTES)};
    if (!stream->buffer)
        return rog_fail_nomem(err);
    struct stat status; /* what the file already has is of an earlier attempt */
    stream->offset = stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
    stream->copy = copy_path ? fopen(copy_path, "ae") : NULL;
    if (copy_path && !stream->copy)
        return rog_fail(err, ROG_EIO, "cannot write %s: %s", copy_path, strerror(errno));
    return ROG_OK;
}

void rog_host_stream_close(struct rog_host_stream *stream)
{
    if (stream->copy)
        fclose(stream->copy);
    free(stream->buffer);
    *stream = (struct rog_host_stream){0};
}

void rog_host_stream_restart(struct rog_host_stream *stream)
{
    stream->base_joules += stream->said_joules;
    stream->said_joules = 0;
}

void rog_host_stream_unmeasured(struct rog_host_stream *stream, double joules)
{
    stream->measured = false;
    stream->base_joules = joules - stream->said_joules;
}

/* Returns whether events of this name are written only after the run's start. */
static bool tells_time(const char *event)
{
    static const char *const names[] = {ROG_EVENT_START,     ROG_EVENT_JOIN,   ROG_EVENT_CHECKPOINT,
                                        ROG_EVENT_BANDWIDTH, ROG_EVENT_ENERGY, ROG_EVENT_ITERATION};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], event) == 0)
            return true;
    return false;
}

/* An event is read after it was written, so the earliest start that follows from an event is the
 * most accurate. */
static void take_time(struct rog_host_stream *stream, const struct rog_json *event)
{
    double t_s = rog_json_get_number(event, "t", -1);
    double origin_s = rog_clock_s() - t_s;
    if (t_s < 0 || !tells_time(rog_json_get_string(event, "event", "")))
        return;
    if (!stream->begun || origin_s < stream->origin_s)
        stream->origin_s = origin_s;
    stream->begun = true;
}

static int forward(struct rog_host_stream *stream, const char *line, size_t size,
                   struct rog_error *err)
{
    if (fwrite(line, 1, size, stream->copy) != size || fputc('\n', stream->copy) == EOF)
        return rog_fail(err, ROG_EIO, "cannot forward events: %s", strerror(errno));
    return ROG_OK;
}

static int forward_energy(struct rog_host_stream *stream, struct rog_json *event,
                          struct rog_error *err)
{
    stream->said_joules = rog_json_get_number(event, "joules", stream->said_joules);
    if (stream->measured)
        return ROG_OK;
    rog_json_put_number(event, "joules", stream->base_joules + stream->said_joules);
    char *text = rog_json_text(event);
    int code = text ? forward(stream, text, strlen(text), err) : rog_fail_nomem(err);
    free(text);
    return code;
}

static int take_line(struct rog_host_stream *stream, const char *line, size_t size,
                     struct rog_error *err)
{
    struct rog_json *event = NULL;
    int code = ROG_OK;
    bool readable = rog_json_parse(line, size, stream->path, &event, NULL) == ROG_OK;
    if (readable)
        take_time(stream, event);
    const char *name = readable ? rog_json_get_string(event, "event", "") : "";
    if (stream->copy && strcmp(name, ROG_EVENT_ENERGY) == 0)
        code = forward_energy(stream, event, err);
    else if (stream->copy)
        code = forward(stream, line, size, err);
    rog_json_free(event);
    return code;
}

/* Handles complete lines at the beginning of the buffer; *taken is their number of bytes. */
static int take_lines(struct rog_host_stream *stream, size_t size, size_t *taken,
                      struct rog_error *err)
{
    int code = ROG_OK;
    const char *end;
    *taken = 0;
    while (!code && (end = memchr(stream->buffer + *taken, '\n', size - *taken))) {
        const char *line = stream->buffer + *taken;
        code = take_line(stream, line, (size_t)(end - line), err);
        *taken = (size_t)(end - stream->buffer) + 1;
    }
    if (!code && stream->copy && fflush(stream->copy))
        code = rog_fail(err, ROG_EIO, "cannot forward events: %s", strerror(errno));
    return code;
}

int rog_host_stream_read(struct rog_host_stream *stream, struct rog_error *err)
{
    if (!stream->copy && stream->begun)
        return ROG_OK; /* nothing more to read from it */
    int code = ROG_OK, fd = open(stream->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT
                   ? ROG_OK
                   : rog_fail(err, ROG_EIO, "cannot read %s: %s", stream->path, strerror(errno));
    size_t taken;
    do {
        ssize_t got = pread(fd, stream->buffer, LINE_MAX_BYTES, (off_t)stream->offset);
        taken = 0;
        if (got < 0)
            code = rog_fail(err, ROG_EIO, "cannot read %s: %s", stream->path, strerror(errno));
        else
            code = take_lines(stream, (size_t)got, &taken, err);
        stream->offset += taken;
        if (!code && !taken && (size_t)got == LINE_MAX_BYTES)
            code = rog_fail(err, ROG_EFORMAT, "%s has a line of more than %zu bytes", stream->path,
                            LINE_MAX_BYTES);
    } while (!code && taken > 0);
    close(fd);
    return code;
}
