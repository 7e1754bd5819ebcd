/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEST_PROGRAMS_FIXTURE_H
#define ROG_TEST_PROGRAMS_FIXTURE_H

/*
 * Runs whose programs are the test's own executable, started with the name of their role
 * (programs_peers.c), and a small simulation: the mean of all gradients moves one model.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <trainer/programs/programs.h>

#define TEST_WORKERS 3
#define TEST_PARAMS (4 * 3 + 3)
#define TEST_CONSTANTS 2
#define TEST_ITERATIONS 4
#define TEST_RATE 0.125f

struct run {
    char folder[64], path[96]; /* of the configuration */
    struct rog_run_config *config;
    struct rog_programs_options options;
    struct rog_programs *programs;
    float params[TEST_PARAMS], constants[TEST_CONSTANTS];
    float momentum[TEST_WORKERS][TEST_PARAMS], residual[TEST_WORKERS][TEST_PARAMS];
    struct rog_statistics statistics[TEST_WORKERS];
    bool through[TEST_WORKERS];
};

/* command: "@NAME" stands for this executable in the role NAME, "%" for this executable under the
 * name python3; settings: further members of the configuration, "" or each followed by a comma. */
void run_open(struct run *run, const char *command, const char *settings);
void run_close(struct run *run);

/* Starts the programs, and gives all of them the first one's values. */
int run_start(struct run *run, struct rog_error *err);
/* Trains TEST_ITERATIONS with all of them, or fewer if they finish. */
int run_train(struct run *run, struct rog_error *err);
/* Everything: start, train, end. */
int run_whole(struct run *run, struct rog_error *err);

/* Returns the number of live processes started by the run. */
unsigned run_processes(const struct run *run);

#endif
