/* SPDX-License-Identifier: Apache-2.0 */
/* Follows a run's event streams and stores what is added. */
#include <orchestrator/fleet/streams.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/fleet/run_files.h>
#include <rog/events.h>

/* Bytes of a stream that one step reads. No line may be longer. */
#define CHUNK_BYTES (4 << 20)
/* Consecutive steps of one stream: a stream that grows faster than it is stored must not keep the
 * rest of the program, or a user who wants to stop it, waiting. */
#define CHUNKS_AT_ONCE 4

/* Appends the stream NAME of a node. The server's streams are in the run's folder itself. */
static int add(struct rog_streams *streams, struct rog_db *db,
               const struct rog_streams_options *options, size_t rank, const char *name,
               struct rog_error *err)
{
    struct rog_stream *stream = &streams->stream[streams->count++];
    char *relative =
        rank ? rog_format(ROG_RUN_WORKER "%zu/%s", rank, name) : rog_format("%s", name);
    *stream = (struct rog_stream){.rank = rank, .fd = -1};
    stream->path = relative ? rog_path_join(options->folder, relative) : NULL;
    int code = stream->path ? rog_ingest_new(&stream->ingest, db, options->run_id, relative, err)
                            : rog_fail_nomem(err);
    free(relative);
    if (code == 0 && options->forgiving && rank)
        rog_ingest_forgive(stream->ingest);
    return code;
}

int rog_streams_open(struct rog_streams *streams, struct rog_db *db,
                     const struct rog_streams_options *options, struct rog_error *err)
{
    *streams = (struct rog_streams){
        .stream = calloc(2 * options->workers + 3, sizeof *streams->stream),
        .chunk = malloc(CHUNK_BYTES),
    };
    if (!streams->stream || !streams->chunk)
        return rog_fail_nomem(err);
    int code = 0;
    for (size_t i = 0; code == 0 && i <= options->workers; i++)
        code = add(streams, db, options, i, ROG_STREAM_MAIN, err);
    for (size_t i = 0; code == 0 && options->hosts && i <= options->workers; i++)
        code = add(streams, db, options, i, ROG_STREAM_HOST, err);
    if (code == 0 && options->controller)
        code = add(streams, db, options, 0, ROG_STREAM_CONTROLLER, err);
    return code;
}

void rog_streams_release(struct rog_streams *streams)
{
    for (size_t i = 0; i < streams->count; i++) {
        rog_ingest_free(streams->stream[i].ingest);
        if (streams->stream[i].fd >= 0)
            close(streams->stream[i].fd);
        free(streams->stream[i].path);
    }
    free(streams->stream);
    free(streams->chunk);
    *streams = (struct rog_streams){0};
}

/* Returns the number of the line that begins at that byte. */
static long long line_at(const struct rog_stream *stream, char *chunk, uint64_t byte)
{
    long long line = 1;
    ssize_t got = 1;
    for (uint64_t at = 0; at < byte && got > 0; at += (uint64_t)got) {
        uint64_t wanted = byte - at < CHUNK_BYTES ? byte - at : CHUNK_BYTES;
        got = pread(stream->fd, chunk, wanted, (off_t)at);
        for (ssize_t i = 0; i < got; i++)
            line += chunk[i] == '\n';
    }
    return line;
}

/* Stores what a stream has grown by. Sets *more if there may be more. */
static int follow(struct rog_stream *stream, char *chunk, bool *more, struct rog_error *err)
{
    *more = false;
    if (stream->fd < 0)
        stream->fd = rog_file_open_regular(stream->path);
    if (stream->fd < 0 && errno == ENOENT)
        return 0; /* not created yet */
    if (stream->fd < 0 && errno == EINVAL)
        return rog_fail(err, ROG_EFORMAT, "%s is not a regular file", stream->path);
    if (stream->fd < 0)
        return rog_fail(err, ROG_EIO, "cannot open %s: %s", stream->path, strerror(errno));
    uint64_t from = rog_ingest_state(stream->ingest)->stored_bytes;
    ssize_t got = pread(stream->fd, chunk, CHUNK_BYTES, (off_t)from);
    if (got < 0)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", stream->path, strerror(errno));
    if (got == 0 || !memchr(chunk, '\n', (size_t)got)) {
        if (got == CHUNK_BYTES)
            return rog_fail(err, ROG_EFORMAT, "%s: a line of over %d bytes", stream->path,
                            CHUNK_BYTES);
        return 0;
    }
    *more = got == CHUNK_BYTES;
    int code = rog_ingest_lines(stream->ingest, chunk, (size_t)got, err);
    if (code != ROG_EFORMAT)
        return code;
    uint64_t at;
    const char *damage = rog_ingest_damage(stream->ingest, &at);
    return rog_fail(err, code, "%s, line %lld: %s", stream->path, line_at(stream, chunk, at),
                    damage);
}

int rog_streams_follow(struct rog_streams *streams, bool *behind, struct rog_error *err)
{
    int code = 0;
    *behind = false;
    for (size_t i = 0; code == 0 && i < streams->count; i++) {
        bool more = true;
        for (int k = 0; code == 0 && more && k < CHUNKS_AT_ONCE; k++)
            code = follow(&streams->stream[i], streams->chunk, &more, err);
        *behind |= more;
    }
    return code;
}

char *rog_streams_damage(struct rog_streams *streams, size_t *rank)
{
    for (size_t i = 0; i < streams->count; i++) {
        struct rog_stream *stream = &streams->stream[i];
        uint64_t at;
        const char *damage = rog_ingest_damage(stream->ingest, &at);
        if (rog_streams_state(streams, i)->damaged <= stream->damaged)
            continue;
        bool is_first = stream->damaged == 0;
        stream->damaged = rog_streams_state(streams, i)->damaged;
        if (!is_first)
            continue;
        *rank = stream->rank;
        return rog_format("a record of worker %zu's host is damaged and was skipped: %s, "
                          "line %lld: %s",
                          stream->rank, stream->path, line_at(stream, streams->chunk, at), damage);
    }
    return NULL;
}

int64_t rog_streams_iterations(const struct rog_streams *streams)
{
    int64_t sum = 0;
    for (size_t i = 0; i < streams->count; i++)
        sum += rog_streams_state(streams, i)->iterations;
    return sum;
}

double rog_streams_stall_share(const struct rog_streams *streams)
{
    double stall_s = 0, whole_s = 0;
    for (size_t i = 0; i < streams->count; i++) {
        const struct rog_ingest_state *state = rog_streams_state(streams, i);
        stall_s += state->stall_s;
        whole_s += state->compute_s + state->communication_s + state->stall_s;
    }
    return whole_s > 0 ? stall_s / whole_s : (double)NAN;
}

int rog_streams_check(const struct rog_streams *streams, const char *folder, struct rog_error *err)
{
    for (size_t i = 0; i < streams->count; i++) {
        const struct rog_ingest_state *state = rog_streams_state(streams, i);
        size_t rank = streams->stream[i].rank;
        /* A process that was told to exit does not know why; the process that told it does. */
        if (strncmp(state->message, ROG_INTERRUPTED, strlen(ROG_INTERRUPTED)) == 0)
            continue;
        if (state->other_results)
            return rog_fail(err, ROG_EFAILED,
                            "the trainer computes results of version %lld, and this rogctl plans "
                            "those of version %d; install both from one build",
                            (long long)state->other_results, ROG_RESULTS_VERSION);
        if (state->failed && rank == 0)
            return rog_fail(err, ROG_EFAILED, "%s", state->message);
        if (state->failed)
            return rog_run_fail_worker(folder, rank, state->message, err);
    }
    return 0;
}
