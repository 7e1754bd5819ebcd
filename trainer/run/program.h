/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_PROGRAM_H
#define ROG_RUN_PROGRAM_H

/*
 * Workload "program": a user's training program, which uses librog or the Python package. Its files
 * are part of the run's configuration (`files` has their names, `sources` their contents). They are
 * written to a folder "program", in which /bin/sh runs `command` and `test`.
 *
 * Both find rog-trainer (ROG_TRAINER), and librog and the Python package installed with it:
 * ROG_LIBRARY is set if it is unset; PYTHONPATH is extended, and PKG_CONFIG_PATH and
 * LD_LIBRARY_PATH are extended behind the user's folders. A worker gets ROG_SERVER, ROG_KEY_FILE,
 * ROG_CONFIG, ROG_RANK, ROG_OUT, ROG_SERVER_TIMEOUT (s), ROG_PACE (1: the link is paced) and
 * ROG_ENERGY (0: another process measures it), which rog_open_from_environment of librog and
 * rog.from_env() read; and OMP_NUM_THREADS and the like if the setting `program_threads` is given.
 * A test gets ROG_CHECKPOINT and ROG_CONFIG; the last line of its output begins with the accuracy
 * in percent, or with the metric of the setting `metric`.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <rog/error.h>

struct rog_program_worker {
    const char *config_path, *key_path, *out_dir, *server;
    uint32_t rank;
    bool pace, energy;
    double server_timeout_s;
    uint32_t threads;  /* number of threads for computing; 0: the program decides */
    bool virtual_time; /* of a simulation: its output is one log, and repeats are identical */
    uint32_t hosted;   /* number of workers of one process, beginning with that rank; above 1:
                          rog.worker_host */
};

/* How a worker's program is started: the command for `/bin/sh -c`, its environment, and the folder
 * with its files. */
struct rog_program_start {
    char *command, *folder;
    char **environment; /* ends with NULL */
};
/* Writes the files. ROG_EINVAL: the configuration, or a missing file. */
int rog_program_prepare(struct rog_program_start *start, const struct rog_run_config *config,
                        const struct rog_program_worker *worker, struct rog_error *err);
void rog_program_start_release(struct rog_program_start *start);

/* Replaces this process by the program; returns only on failure. */
int rog_program_become(const struct rog_run_config *config, const struct rog_program_worker *worker,
                       struct rog_error *err);

/* Writes the files beside the configuration, into *folder (heap memory), and sets the environment
 * of the test in this process. */
int rog_program_prepare_test(const struct rog_run_config *config, const char *config_path,
                             char **folder, struct rog_error *err);

#endif
