/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EVENTS_EVENTS_H
#define ROG_EVENTS_EVENTS_H

/*
 * Writes the event stream of include/rog/events.h, one JSON object per line. An event is begun, its
 * members are added in order, and rog_event_end writes the line. Errors in between (memory, a full
 * disk) are kept and returned by rog_event_end and rog_events_close. The file is flushed every 256
 * lines and every second, so that readers can follow it.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

struct rog_events;

/* Creates or replaces the file at `path`; "-" is standard output. */
int rog_events_open(struct rog_events **events, const char *path, struct rog_error *err);
/* Appends to the file at `path` after its last complete line; a missing file is created. */
int rog_events_resume(struct rog_events **events, const char *path, struct rog_error *err);
/* Appends to the file at `path` after this many bytes; the rest is cut off. ROG_EFORMAT: no line
 * ends there. */
int rog_events_resume_at(struct rog_events **events, const char *path, uint64_t bytes,
                         struct rog_error *err);
/* Writes everything to the disk; *bytes: the length of the file. Not for standard output. */
int rog_events_sync(struct rog_events *events, uint64_t *bytes, struct rog_error *err);
/* Flushes buffered lines; drivers in real time call it before they wait. */
int rog_events_flush(struct rog_events *events, struct rog_error *err);
/* Writes the rest, closes and frees `events` in any case. No effect on NULL. */
int rog_events_close(struct rog_events *events, struct rog_error *err);

/* t_s: seconds since the run's start. rank: 0 the server, 1..N the workers; negative: none. */
void rog_event_begin(struct rog_events *events, const char *name, double t_s, int64_t rank);
void rog_event_integer(struct rog_events *events, const char *key, int64_t value);
void rog_event_seconds(struct rog_events *events, const char *key, double value_s); /* to 1e-6 */
void rog_event_number(struct rog_events *events, const char *key, double value);    /* 9 digits */
void rog_event_string(struct rog_events *events, const char *key, const char *value);
/* Adds an array. */
void rog_event_integers(struct rog_events *events, const char *key, const uint32_t *values,
                        size_t count);
/* Takes over `value`. */
void rog_event_json(struct rog_events *events, const char *key, struct rog_json *value);
int rog_event_end(struct rog_events *events, struct rog_error *err);
/* The complete event "error", the last one of a run or a worker; errors while writing it are
 * ignored. */
void rog_event_error(struct rog_events *events, double t_s, int64_t rank, const char *message);

#endif
