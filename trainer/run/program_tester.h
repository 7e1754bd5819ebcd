/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_PROGRAM_TESTER_H
#define ROG_RUN_PROGRAM_TESTER_H

/*
 * The test of a program of somebody's own (`test` in the configuration): is run for each
 * checkpoint, which it finds in ROG_CHECKPOINT, in the folder with the program's files. Where many
 * follow each other and the test is a script of Python, a process that has done the script's
 * imports makes a copy of itself for each (python/rog/test_host.py): they take most of a short
 * test's time.
 */

#include <stdbool.h>

#include <common/run_config.h>
#include <rog/error.h>
#include <trainer/run/evaluate.h>

struct rog_program_tester;

/* Lays the program's files beside the configuration's. `config` is borrowed. `many`: more than one
 * checkpoint is to be tested. Changes the environment of this process. */
int rog_program_tester_new(struct rog_program_tester **tester, const struct rog_run_config *config,
                           const char *config_path, bool many, struct rog_error *err);
void rog_program_tester_free(struct rog_program_tester *tester); /* NULL is harmless */

/* ROG_EFAILED: the test ended with an error, or printed no such number. The result has no loss
 * (NaN) and no number of images (0). */
int rog_program_tester_run(struct rog_program_tester *tester, const char *checkpoint,
                           struct rog_test_result *result, struct rog_error *err);

#endif
