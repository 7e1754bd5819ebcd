/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_JOURNAL_H
#define ROG_HOST_JOURNAL_H

/* What the supervisor reports: host.jsonl for the database, host.log for people, state.json for the
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
    bool begun;      /* the run's clock is known */
    double origin_s; /* its start, by CLOCK_MONOTONIC */
};

int rog_host_journal_open(struct rog_host_journal *journal, uint32_t rank, struct rog_error *err);
void rog_host_journal_close(struct rog_host_journal *journal);

/* Seconds since the run's start; 0 before it. */
double rog_host_journal_time(const struct rog_host_journal *journal);

/* Writes an event of now as one line; `body` is taken over. ROG_EIO, ROG_ENOMEM. */
int rog_host_journal_event(const struct rog_host_journal *journal, const char *event,
                           struct rog_json *body, struct rog_error *err);
/* An event with a "message", which host.log gets as well. */
int rog_host_journal_message(const struct rog_host_journal *journal, const char *event,
                             const char *message, struct rog_error *err);
/* A line in host.log. */
void rog_host_journal_log(const struct rog_host_journal *journal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Replaces state.json: "starting", "running", "ended", "failed" or "stopped", the supervisor's
 * process, the exit status of the role (128 + signal where it was killed; -1: none yet), what went
 * wrong (NULL: nothing), and with ROG_EINVAL that it would do so in another attempt too. On a full
 * disk it is written in place. */
int rog_host_state_write(const char *state, int status, const struct rog_error *why,
                         struct rog_error *err);

#endif
