/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_EVENTS_H
#define ROG_EVENTS_EVENTS_H

/*
 * Writing the event stream of include/rog/events.h: one JSON object a line. An event is begun, its
 * members are added in order, and rog_event_end writes the line. What goes wrong between (memory,
 * a full disk) is remembered and reported by rog_event_end and rog_events_close.
 *
 * The file is flushed every 256 lines and every second, so that somebody who follows it sees what
 * happens.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

struct rog_events;

/* Creates the file at `path` (an existing one is replaced); "-" is the standard output. */
int rog_events_open(struct rog_events **events, const char *path, struct rog_error *err);
/* Goes on with the file at `path`, after its last whole line; a missing one is created. */
int rog_events_resume(struct rog_events **events, const char *path, struct rog_error *err);
/* Goes on with the file at `path` after so many bytes; what follows them is cut off. ROG_EFORMAT:
 * it does not have a line that ends there. */
int rog_events_resume_at(struct rog_events **events, const char *path, uint64_t bytes,
                         struct rog_error *err);
/* Puts everything on the disk; *bytes: how long the file is. Not for the standard output. */
int rog_events_sync(struct rog_events *events, uint64_t *bytes, struct rog_error *err);
/* Writes out what has been kept back; for drivers in real time, before they wait. */
int rog_events_flush(struct rog_events *events, struct rog_error *err);
/* Writes out what is left and closes; frees `events` in any case. Harmless on NULL. */
int rog_events_close(struct rog_events *events, struct rog_error *err);

/* t_s: seconds since the run's start. rank: 0 the server, 1..N the workers, negative: none. */
void rog_event_begin(struct rog_events *events, const char *name, double t_s, int64_t rank);
void rog_event_integer(struct rog_events *events, const char *key, int64_t value);
void rog_event_seconds(struct rog_events *events, const char *key, double value_s); /* to 1e-6 */
void rog_event_number(struct rog_events *events, const char *key, double value);    /* 9 digits */
void rog_event_string(struct rog_events *events, const char *key, const char *value);
/* An array. */
void rog_event_integers(struct rog_events *events, const char *key, const uint32_t *values,
                        size_t count);
/* Takes over `value`. */
void rog_event_json(struct rog_events *events, const char *key, struct rog_json *value);
int rog_event_end(struct rog_events *events, struct rog_error *err);
/* The whole event "error": what a run, or a worker, ends with; what goes wrong then is lost. */
void rog_event_error(struct rog_events *events, double t_s, int64_t rank, const char *message);

#endif
