/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_STREAMS_H
#define ROG_FLEET_STREAMS_H

/*
 * Follows the event streams of a run's folder as they grow: each addition is stored once, even if
 * the writing program changes in between.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/ingest.h>

struct rog_stream {
    char *path;
    int64_t damaged; /* skipped lines that have been reported */
    size_t rank;     /* rank of its writer; 0: the server, or the only process */
    int fd;          /* -1: does not exist yet */
    struct rog_ingest *ingest;
};

/* Zero-initialize; the first is ROG_STREAM_MAIN. */
struct rog_streams {
    struct rog_stream *stream;
    size_t count;
    char *chunk;
};

struct rog_streams_options {
    const char *run_id, *folder;
    size_t workers;  /* number of workers with a stream */
    bool hosts;      /* each node has a ROG_STREAM_HOST, too */
    bool controller; /* there is ROG_STREAM_CONTROLLER */
    bool forgiving;  /* invalid lines in streams of workers' hosts are skipped */
};

/* Release it even after an error. */
int rog_streams_open(struct rog_streams *streams, struct rog_db *db,
                     const struct rog_streams_options *options, struct rog_error *err);
void rog_streams_release(struct rog_streams *streams);

/* Stores new data, at most 16 MiB per stream. Sets *behind if there is more. Returns ROG_EFORMAT,
 * with file and line in the message, if a stream is damaged. */
int rog_streams_follow(struct rog_streams *streams, bool *behind, struct rog_error *err);

static inline const struct rog_ingest_state *rog_streams_state(const struct rog_streams *streams,
                                                               size_t index)
{
    return rog_ingest_state(streams->stream[index].ingest);
}
/* Reports once for each stream that lines of it are skipped: heap memory; NULL if there are no
 * more. *rank is the stream's writer. */
char *rog_streams_damage(struct rog_streams *streams, size_t *rank);
/* Returns the number of iteration events in all streams. */
int64_t rog_streams_iterations(const struct rog_streams *streams);
/* Returns the share of stalls in the workers' time, 0..1; NaN before the first iteration. */
double rog_streams_stall_share(const struct rog_streams *streams);
/* Returns ROG_EFAILED if there is an error event; its message is more precise than the exit status
 * of a process. `folder` is the run's. */
int rog_streams_check(const struct rog_streams *streams, const char *folder, struct rog_error *err);

#endif
