/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_STREAMS_H
#define ROG_FLEET_STREAMS_H

/*
 * The event streams of a run's folder, followed as they grow: whatever is added to one of them is
 * stored once, also when the program that follows changes in between.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/ingest.h>

struct rog_stream {
    char *path;
    int64_t damaged; /* lines left out that have been told of */
    size_t rank;     /* whose it is; 0: the server's, or of a run of one process */
    int fd;          /* -1: not there yet */
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
    size_t workers;  /* that have a stream of their own */
    bool hosts;      /* each node has ROG_STREAM_HOST too */
    bool controller; /* there is ROG_STREAM_CONTROLLER */
    bool forgiving;  /* lines of workers' hosts that are no events are left out */
};

/* Released in any case. */
int rog_streams_open(struct rog_streams *streams, struct rog_db *db,
                     const struct rog_streams_options *options, struct rog_error *err);
void rog_streams_release(struct rog_streams *streams);

/* Stores what they have grown by, of each no more than 16 MiB: *behind when there is more.
 * ROG_EFORMAT: one is damaged; file and line are said. */
int rog_streams_follow(struct rog_streams *streams, bool *behind, struct rog_error *err);

static inline const struct rog_ingest_state *rog_streams_state(const struct rog_streams *streams,
                                                               size_t index)
{
    return rog_ingest_state(streams->stream[index].ingest);
}
/* Says once of a stream that lines of it are left out: heap memory; NULL: of none more. *rank:
 * whose stream it is. */
char *rog_streams_damage(struct rog_streams *streams, size_t *rank);
/* Iteration events of all of them. */
int64_t rog_streams_iterations(const struct rog_streams *streams);
/* Of their time, 0..1; NaN before the first. */
double rog_streams_stall_share(const struct rog_streams *streams);
/* ROG_EFAILED: there is an error event, whose words say more than how a process ended. `folder` is
 * the run's. */
int rog_streams_check(const struct rog_streams *streams, const char *folder, struct rog_error *err);

#endif
