/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_PROGRAM_H
#define ROG_RUN_PROGRAM_H

/*
 * Workload "program": a training program of somebody's own, which uses librog or the Python
 * package. Its files come with the run's configuration (`files` their names, `sources` what is in
 * them) and are laid into a folder "program", from which `command` and `test` are run by /bin/sh.
 *
 * Both find this program (ROG_TRAINER), and librog and the Python package that came with it:
 * ROG_LIBRARY is set where it is not, PYTHONPATH, PKG_CONFIG_PATH and LD_LIBRARY_PATH are added to,
 * the latter two behind what the user has there. A worker gets ROG_SERVER,
 * ROG_KEY_FILE, ROG_CONFIG, ROG_RANK, ROG_OUT, ROG_SERVER_TIMEOUT (s), ROG_PACE (1: the link is
 * paced) and ROG_ENERGY (0: something else measures it), which rog_open_from_environment of librog
 * and rog.from_env() read; and OMP_NUM_THREADS and the like where the setting `program_threads`
 * says how many. A test gets ROG_CHECKPOINT and ROG_CONFIG; the last line that it prints begins
 * with the accuracy in percent, or with what the setting `metric` says.
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
    uint32_t threads;  /* it computes with; 0: as it likes */
    bool virtual_time; /* of a simulation: its output is one log, and a repeat is the same */
    uint32_t hosted;   /* workers of one process, from that rank on; above 1: rog.worker_host */
};

/* What a worker's program is started with: the command for `/bin/sh -c`, its environment and its
 * folder, in which its files are. */
struct rog_program_start {
    char *command, *folder;
    char **environment; /* ends with NULL */
};
/* Lays the files. ROG_EINVAL: the configuration, or a file that is not there. */
int rog_program_prepare(struct rog_program_start *start, const struct rog_run_config *config,
                        const struct rog_program_worker *worker, struct rog_error *err);
void rog_program_start_release(struct rog_program_start *start);

/* Becomes the program: returns only where that is not possible. */
int rog_program_become(const struct rog_run_config *config, const struct rog_program_worker *worker,
                       struct rog_error *err);

/* Lays the files beside the configuration, into *folder (heap memory), and gives this process the
 * environment that its test is to have. */
int rog_program_prepare_test(const struct rog_run_config *config, const char *config_path,
                             char **folder, struct rog_error *err);

#endif
