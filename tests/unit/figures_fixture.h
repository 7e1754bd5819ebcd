/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIGURES_FIXTURE_H
#define FIGURES_FIXTURE_H

/* A database with generated runs in its own folder. */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

struct fixture {
    char folder[64];
    char *plots; /* a folder in it, not yet created */
    struct rog_db *db;
};

/* For cmocka_unit_test_setup_teardown: *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

void fixture_case(struct fixture *f, const char *name, const char *figure, double target);

struct fixture_run {
    const char *case_name, *id, *library, *note;
    int64_t threshold, seed, batchsize;
    double iteration_s; /* seconds per iteration */
    int64_t iterations;
    size_t checkpoints;
};
/* Adds a finished run of 4 workers; accuracy rises from 53 towards 70 and depends slightly on the
 * seed. Iteration i of rank r ends at i * iteration_s + r / 10; each uses 10 J per second. */
void fixture_run_add(struct fixture *f, const struct fixture_run *run);

/* Executes a statement without parameters. */
void fixture_sql(struct fixture *f, const char *sql);

/* Returns the single number of a query without parameters. */
double fixture_number(struct fixture *f, const char *sql);

/* Compares a value with its text, and frees it. */
void fixture_expect(struct rog_json *value, const char *text);

#endif
