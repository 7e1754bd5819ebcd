/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the event stream, one JSON object per line. */
#include <librog/events/events.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/ran_out.h>
#include <rog/events.h>

#define FLUSH_LINES 256
#define FLUSH_S 1

struct rog_events {
    FILE *file;
    char *path;
    bool standard_output;
    char *line; /* the event that is being written */
    size_t length, room;
    bool out_of_memory;
    int failure; /* errno of the first write that failed */
    uint32_t unflushed;
    time_t flushed_at;
};

static time_t wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static int open_file(struct rog_events **events, const char *path, const char *mode,
                     struct rog_error *err)
{
    *events = NULL;
    struct rog_events *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    made->standard_output = strcmp(path, "-") == 0;
    made->path = rog_strdup(made->standard_output ? "standard output" : path);
    made->file = made->standard_output ? stdout : fopen(path, mode);
    made->flushed_at = wall_s();
    if (!made->path || !made->file) {
        int code = made->path
                       ? rog_fail(err, ROG_EIO, "%s cannot be written: %s", path, strerror(errno))
                       : rog_fail_nomem(err);
        if (made->file && !made->standard_output)
            fclose(made->file);
        free(made->path);
        free(made);
        return code;
    }
    *events = made;
    return ROG_OK;
}

int rog_events_open(struct rog_events **events, const char *path, struct rog_error *err)
{
    return open_file(events, path, "we", err);
}

/* Cuts off an incomplete line at the end, left by a process that was killed while writing. */
static int cut_last_line(struct rog_events *events, struct rog_error *err)
{
    long end = fseek(events->file, 0, SEEK_END) ? -1 : ftell(events->file);
    int last = 0;
    while (end > 0 && last != '\n') {
        if (fseek(events->file, end - 1, SEEK_SET))
            break;
        last = fgetc(events->file);
        end -= last != '\n';
    }
    if (end < 0 || ftruncate(fileno(events->file), end) || fseek(events->file, 0, SEEK_END))
        return rog_fail(err, ROG_EIO, "%s cannot be continued: %s", events->path, strerror(errno));
    return ROG_OK;
}

int rog_events_resume(struct rog_events **events, const char *path, struct rog_error *err)
{
    int code = open_file(events, path, "a+e", err);
    if (code)
        return code;
    code = cut_last_line(*events, err);
    if (code) {
        rog_events_close(*events, NULL);
        *events = NULL;
    }
    return code;
}

/* Returns whether a line ends after this many bytes. */
static bool ends_line(FILE *file, uint64_t bytes)
{
    return bytes <= LONG_MAX &&
           (bytes == 0 || (!fseek(file, (long)bytes - 1, SEEK_SET) && fgetc(file) == '\n'));
}

int rog_events_resume_at(struct rog_events **events, const char *path, uint64_t bytes,
                         struct rog_error *err)
{
    int code = open_file(events, path, "r+e", err);
    if (code)
        return code;
    struct rog_events *made = *events;
    if (!ends_line(made->file, bytes))
        code = rog_fail(err, ROG_EFORMAT, "%s has no complete line that ends after %llu bytes",
                        path, (unsigned long long)bytes);
    else if (fseek(made->file, (long)bytes, SEEK_SET) ||
             ftruncate(fileno(made->file), (off_t)bytes))
        code = rog_fail(err, ROG_EIO, "%s cannot be continued: %s", path, strerror(errno));
    if (code) {
        rog_events_close(made, NULL);
        *events = NULL;
    }
    return code;
}

/* Reports the first failure. */
static int failed(struct rog_events *events, struct rog_error *err)
{
    if (!events->failure)
        events->failure = errno;
    return rog_fail(err, ROG_EIO, "%s could not be written: %s; events are missing from it",
                    events->path, strerror(events->failure));
}

int rog_events_flush(struct rog_events *events, struct rog_error *err)
{
    if (events->unflushed == 0)
        return ROG_OK;
    if (fflush(events->file))
        return failed(events, err);
    events->unflushed = 0;
    events->flushed_at = wall_s();
    return ROG_OK;
}

int rog_events_sync(struct rog_events *events, uint64_t *bytes, struct rog_error *err)
{
    int code = rog_events_flush(events, err);
    if (code)
        return code;
    long at = ftell(events->file);
    if (at < 0 || fdatasync(fileno(events->file)))
        return failed(events, err);
    *bytes = (uint64_t)at;
    return ROG_OK;
}

int rog_events_close(struct rog_events *events, struct rog_error *err)
{
    if (!events)
        return ROG_OK;
    int code = ROG_OK;
    if (fflush(events->file) || ferror(events->file))
        code = failed(events, err);
    if (!events->standard_output && fclose(events->file) && !code)
        code = failed(events, err);
    free(events->path);
    free(events->line);
    free(events);
    return code;
}

static void add(struct rog_events *events, const char *text, size_t length)
{
    if (events->length + length > events->room) {
        size_t room = 2 * (events->length + length) + 512;
        char *line = realloc(events->line, room);
        if (!line) {
            events->out_of_memory = true;
            return;
        }
        events->line = line;
        events->room = room;
    }
    memcpy(events->line + events->length, text, length);
    events->length += length;
}

static void add_text(struct rog_events *events, const char *text)
{
    add(events, text, strlen(text));
}

static void add_key(struct rog_events *events, const char *key)
{
    add_text(events, ",\"");
    add_text(events, key);
    add_text(events, "\":");
}

void rog_event_begin(struct rog_events *events, const char *name, double t_s, int64_t rank)
{
    events->length = 0;
    add_text(events, "{\"event\":\"");
    add_text(events, name);
    add_text(events, "\"");
    rog_event_seconds(events, "t", t_s);
    if (rank >= 0)
        rog_event_integer(events, "rank", rank);
}

void rog_event_integer(struct rog_events *events, const char *key, int64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRId64, value);
    add_key(events, key);
    add(events, text, (size_t)length);
}

void rog_event_integers(struct rog_events *events, const char *key, const uint32_t *values,
                        size_t count)
{
    char text[16];
    add_key(events, key);
    for (size_t i = 0; i < count; i++) {
        int length = snprintf(text, sizeof text, "%c%" PRIu32, i ? ',' : '[', values[i]);
        add(events, text, (size_t)length);
    }
    add_text(events, count ? "]" : "[]");
}

void rog_event_seconds(struct rog_events *events, const char *key, double value_s)
{
    if (!(fabs(value_s) < 9e12)) {
        rog_event_number(events, key, value_s);
        return;
    }
    int64_t micros = llround(value_s * 1e6);
    uint64_t size = micros < 0 ? (uint64_t)-micros : (uint64_t)micros;
    char text[40];
    int length = snprintf(text, sizeof text, "%s%" PRIu64 ".%06" PRIu64, micros < 0 ? "-" : "",
                          size / 1000000, size % 1000000);
    while (text[length - 1] == '0')
        length--;
    if (text[length - 1] == '.')
        length--;
    add_key(events, key);
    add(events, text, (size_t)length);
}

void rog_event_number(struct rog_events *events, const char *key, double value)
{
    char text[40] = "null";
    if (isfinite(value))
        snprintf(text, sizeof text, "%.9g", value);
    add_key(events, key);
    add_text(events, text);
}

void rog_event_string(struct rog_events *events, const char *key, const char *value)
{
    rog_event_json(events, key, rog_json_new_string(value));
}

void rog_event_json(struct rog_events *events, const char *key, struct rog_json *value)
{
    char *text = rog_json_text(value);
    if (text) {
        add_key(events, key);
        add_text(events, text);
    } else {
        events->out_of_memory = true;
    }
    free(text);
    rog_json_free(value);
}

int rog_event_end(struct rog_events *events, struct rog_error *err)
{
    add_text(events, "}\n");
    if (events->out_of_memory || rog_ran_out())
        return rog_fail_nomem(err);
    if (events->failure) /* the previous line may be incomplete; nothing is appended to it */
        return failed(events, err);
    if (fwrite(events->line, 1, events->length, events->file) != events->length)
        return failed(events, err);
    if (++events->unflushed >= FLUSH_LINES || wall_s() - events->flushed_at >= FLUSH_S)
        return rog_events_flush(events, err);
    return ROG_OK;
}

void rog_event_error(struct rog_events *events, double t_s, int64_t rank, const char *message)
{
    rog_event_begin(events, ROG_EVENT_ERROR, t_s, rank);
    rog_event_string(events, "message", message);
    rog_event_end(events, NULL);
}
