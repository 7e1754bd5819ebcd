/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_PROGRAM_TESTER_H
#define ROG_RUN_PROGRAM_TESTER_H

/*
 * Runs a user's test (`test` in the configuration) for each checkpoint, whose path is in
 * ROG_CHECKPOINT, in the folder with the program's files. If there are many checkpoints and the
 * test is a Python script, a process that has done the script's imports forks a copy of itself for
 * each (python/rog/test_host.py): imports take most of a short test's time.
 */

#include <stdbool.h>

#include <common/run_config.h>
#include <rog/error.h>
#include <trainer/run/evaluate.h>

struct rog_program_tester;

/* Writes the program's files beside the configuration's. `config` is borrowed. `many`: more than
 * one checkpoint will be tested. Changes the environment of this process. */
int rog_program_tester_new(struct rog_program_tester **tester, const struct rog_run_config *config,
                           const char *config_path, bool many, struct rog_error *err);
void rog_program_tester_free(struct rog_program_tester *tester); /* does nothing if tester is
                                                                    NULL */

/* ROG_EFAILED: the test failed, or did not print a result in the required form. The result has no
 * loss (NaN) and no number of images (0). */
int rog_program_tester_run(struct rog_program_tester *tester, const char *checkpoint,
                           struct rog_test_result *result, struct rog_error *err);

#endif
