/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_JOURNAL_H
#define ROG_HOST_JOURNAL_H

/* The supervisor's reports: host.jsonl for the database, host.log for people, state.json for the
 * controller. All in the current folder. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_HOST_EVENTS "host.jsonl"
#define ROG_HOST_LOG "host.log"
#define ROG_HOST_STATE "state.json"

struct rog_host_journal {
    FILE *events, *log;
    uint32_t rank;
    bool begun;      /* the run has started, so its clock is known */
    double origin_s; /* start of the run, by CLOCK_MONOTONIC */
};

int rog_host_journal_open(struct rog_host_journal *journal, uint32_t rank, struct rog_error *err);
void rog_host_journal_close(struct rog_host_journal *journal);

/* Returns seconds since the run's start; 0 before it. */
double rog_host_journal_time(const struct rog_host_journal *journal);

/* Writes an event of this moment as one line; takes ownership of `body`. ROG_EIO, ROG_ENOMEM. */
int rog_host_journal_event(const struct rog_host_journal *journal, const char *event,
                           struct rog_json *body, struct rog_error *err);
/* Writes an event with a "message", which is also written to host.log. */
int rog_host_journal_message(const struct rog_host_journal *journal, const char *event,
                             const char *message, struct rog_error *err);
/* Writes a line to host.log. */
void rog_host_journal_log(const struct rog_host_journal *journal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Replaces state.json: "starting", "running", "ended", "failed" or "stopped", the supervisor's
 * process, the exit status of the role (128 + signal if it was killed; -1: none yet), and the error
 * (NULL: none); ROG_EINVAL marks an error that another attempt would repeat. If the disk is full,
 * the file is overwritten in place. */
int rog_host_state_write(const char *state, int status, const struct rog_error *why,
                         struct rog_error *err);

#endif
