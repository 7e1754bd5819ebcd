/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ARTIFACT_RUN_H
#define ROG_IMPORT_ARTIFACT_RUN_H

/*
 * A run as the published artifact of ROG (MICRO 2022) recorded it: a folder
 * MM-DD-hh-mm-LIBRARY-THRESHOLD-CONTROL with `config`, accuracy.csv and log/. Only what stands in
 * the logs is taken; what is missing is said and stays missing.
 *
 * Clocks of hosts differ, one by a whole day: each host's times count from its own "Worker
 * started". The server numbers workers from 0 in the order of their connection; a worker's log says
 * which number it got. Times are seconds, NaN where a log does not say them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

struct rog_artifact_iteration {
    int64_t iteration;
    double t;
    double computation_s; /* "computation": without sleeping */
    double gpu_s;         /* "GPU running time": in some versions with sleeping */
    double sleep_s;       /* "sleep": what the server says of it in this iteration's pull */
    double padding_s;     /* what was slept in this iteration */
    double compress_s, decompress_s;
    double communication_s;      /* as logged: push and pull with the stall, for BSP and SSP without
                                    compressing */
    double push_s, pull_s;       /* ROG: as logged, with compressing, the pull with the stall */
    double sent_s;               /* BSP, SSP: from compressed to received */
    double push_rate, pull_rate; /* share of rows; ROG */
    double bytes_pushed, bytes_pulled;
    double loss;
    double stall_s; /* from the server's log */
};

struct rog_artifact_worker {
    int64_t rank;
    int64_t server_rank; /* -1: not said */
    double started_s;    /* on the host's clock; NaN: no log */
    int64_t rows;        /* 0: not said */
    struct rog_artifact_iteration *item;
    size_t count;
};

struct rog_artifact_point {
    double t, value;
};
struct rog_artifact_series {
    struct rog_artifact_point *point;
    size_t count;
};

struct rog_artifact_checkpoint {
    double t;
    int64_t iteration;
    double accuracy;
};

struct rog_artifact {
    char *id; /* the folder's name */
    char *library, *control, *note;
    int64_t threshold, epochs, workers;
    struct rog_artifact_worker *worker;    /* [workers], ranks 1..workers */
    struct rog_artifact_series *energy;    /* [workers + 1], by rank: joules since the start */
    struct rog_artifact_series *bandwidth; /* [workers + 1]: Mbit/s */
    struct rog_artifact_checkpoint *checkpoint;
    size_t checkpoints;
    double stall_average_s; /* the mean over workers as the server last said it; NaN */
    double server_started_s;
    struct rog_json *notes; /* what is missing or odd, for people */
};

/* A note about the run. */
void rog_artifact_note(struct rog_artifact *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
