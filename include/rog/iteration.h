/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ITERATION_H
#define ROG_ITERATION_H

/*
 * The record of one iteration of one worker: a struct, and a table of its members. The event
 * "iteration", the table `iterations` of results.db, its exports and its documentation are
 * generated from the table, so that a member with a row in it (common/iteration.c) has one name
 * wherever it is written, stored, read and exported. librog/events/iteration.c sets the values that
 * the core counts; the drivers of workers (librog/net, trainer/sim) set those that they measure.
 * This header is not installed: it is internal to the source tree.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of an unknown integer. An unknown real number is NAN. */
#define ROG_ABSENT INT64_MIN

struct rog_iteration {
    int64_t rank, iteration;                      /* from 1 on */
    double t;                                     /* s since the run's start */
    double compute_s, push_s, pull_s, stall_s;    /* s */
    int64_t rows_pushed, rows_pulled, rows_total; /* rows */
    int64_t bytes_pushed, bytes_pulled;           /* bytes */
    double loss;                                  /* mean of its batches */
    int64_t staleness;                            /* iterations */
    double padding_s;                             /* s */
    int64_t local_steps;                          /* steps */
    double age_pushed, age_pulled;                /* iterations */
};

enum rog_column_type {
    ROG_COLUMN_INTEGER, /* int64_t */
    ROG_COLUMN_SECONDS, /* double, in events to the microsecond */
    ROG_COLUMN_REAL,    /* double, in events with nine digits */
};

struct rog_iteration_column {
    const char *name; /* the name of the member, in events and in the database */
    enum rog_column_type type;
    const char *unit;    /* "s", or NULL */
    const char *meaning; /* for the documentation, no full stop */
    size_t offset;       /* in struct rog_iteration */
    bool required;       /* a record without it is invalid; only if since < 2 */
    bool in_every_event; /* a member of every event, written by rog_event_begin */
    bool series;         /* drawn as a curve in exports, shown as a mean by `rogctl show` */
    int since;           /* version of the database schema that added it; 0: the first */
};

/* In the order of the event's members and of the database's columns; new ones are appended. Ends
 * with a row whose name is NULL. */
extern const struct rog_iteration_column rog_iteration_columns[];

/* Sets all members to unknown. */
void rog_iteration_init(struct rog_iteration *row);

bool rog_iteration_has(const struct rog_iteration *row, const struct rog_iteration_column *column);
/* For columns of type ROG_COLUMN_INTEGER. */
int64_t rog_iteration_integer(const struct rog_iteration *row,
                              const struct rog_iteration_column *column);
void rog_iteration_set_integer(struct rog_iteration *row, const struct rog_iteration_column *column,
                               int64_t value);
/* For columns of other types. */
double rog_iteration_real(const struct rog_iteration *row,
                          const struct rog_iteration_column *column);
void rog_iteration_set_real(struct rog_iteration *row, const struct rog_iteration_column *column,
                            double value);

#endif
