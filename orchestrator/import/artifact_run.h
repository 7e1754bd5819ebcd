/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ARTIFACT_RUN_H
#define ROG_IMPORT_ARTIFACT_RUN_H

/*
 * A run as the published artifact of ROG (MICRO 2022) recorded it: a folder
 * MM-DD-hh-mm-LIBRARY-THRESHOLD-CONTROL with `config`, accuracy.csv and log/. Only the contents of
 * the files are used; what is missing is reported and stays missing, and each row of each file is
 * either stored or rejected for a reason (account.h).
 *
 * Clocks of hosts differ, one by a whole day: each host's times are counted from its own "Worker
 * started". The server numbers workers from 0 in the order of their connections; a worker's log has
 * the number it got. Times are seconds, NaN if a log does not contain them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/import/account.h>
#include <rog/error.h>

struct rog_artifact_iteration {
    int64_t iteration;
    uint32_t line; /* of its log */
    double t;
    double computation_s; /* "computation": without sleeping */
    double gpu_s;         /* "GPU running time": includes sleeping in some versions */
    /* "sleep": the duration that the server sent with this iteration's pull */
    double sleep_s;
    double padding_s; /* time actually slept in this iteration */
    double compress_s, decompress_s;
    /* as logged: push and pull including the stall; for BSP and SSP without compressing */
    double communication_s;
    /* ROG: as logged, including compressing; the pull includes the stall. */
    double push_s, pull_s;
    double sent_s;               /* BSP, SSP: from compressed to received */
    double push_rate, pull_rate; /* share of rows; ROG */
    double bytes_pushed, bytes_pulled;
    double loss;
    double stall_s; /* from the server's log */
};

struct rog_artifact_worker {
    int64_t rank;
    int64_t server_rank; /* number given by the server; -1: not logged */
    bool has_log;
    double started_s; /* on the host's clock; NaN: not logged */
    int64_t rows;     /* 0: not logged */
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
    struct rog_json *settings;             /* other settings of its config: texts by name */
    struct rog_artifact_worker *worker;    /* [workers], ranks 1..workers */
    struct rog_artifact_series *energy;    /* [workers + 1], by rank: joules since the start */
    struct rog_artifact_series *bandwidth; /* [workers + 1]: Mbit/s */
    struct rog_artifact_checkpoint *checkpoint;
    size_t checkpoints;
    double stall_average_s; /* mean over workers as last logged by the server; NaN */
    bool has_server_log;
    double server_started_s; /* on its clock; NaN: not logged */
    struct rog_json *notes;  /* texts on what is missing or odd */
    struct rog_json *files;  /* the account of each file */
};

/* Adds a note about the run. */
void rog_artifact_note(struct rog_artifact *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds the account of a file that was read. */
void rog_artifact_account(struct rog_artifact *run, const struct rog_account *account);

#endif
