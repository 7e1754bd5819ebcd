/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TESTS_PLAN_FIXTURE_H
#define ROG_TESTS_PLAN_FIXTURE_H

/* Plans of experiments in a folder of the test's own. Needs the plugins (ROG_PLUGIN_PATH). */

#include <orchestrator/conf/cluster.h>
#include <orchestrator/plan/plan.h>
#include <orchestrator/store/db.h>

struct fixture {
    char folder[64];
    char *db_path;
    struct rog_db *db;
    struct rog_cluster *cluster; /* two workers, 1.5 s a local step (profile nx) */
};

/* For cmocka_unit_test_setup_teardown: *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

void write_text(const char *path, const char *text);
/* Writes a file of the test's folder. */
void put(const struct fixture *f, const char *name, const char *text);
/* Plans on another cluster from now on. */
void use_cluster(struct fixture *f, const char *name, const char *text);

extern const struct rog_plan_options once;

/* `text` is an experiment file, x.conf in the test's folder. */
int try_plan(const struct fixture *f, const char *text, const struct rog_plan_options *options,
             struct rog_plan **plan, struct rog_error *err);
/* Fails the test if that cannot be planned. */
struct rog_plan *plan_of(const struct fixture *f, const char *text,
                         const struct rog_plan_options *options);

#endif
