/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of experiments in a folder of the test's own. */
#include "plan_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/kinds.h>

void write_text(const char *path, const char *text)
{
    struct rog_error err = {0};
    if (rog_file_write(path, text, strlen(text), &err) != 0)
        fail_msg("%s", err.message);
}

void put(const struct fixture *f, const char *name, const char *text)
{
    char *path = rog_path_join(f->folder, name);
    write_text(path, text);
    free(path);
}

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rog_error err = {0};
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-plan-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    f->db_path = rog_path_join(f->folder, "results.db");
    char *cluster = rog_path_join(f->folder, "two.conf");
    char *profiles = rog_path_join(f->folder, "profiles.conf");
    write_text(profiles, "nx = { step_s = 1.5; };");
    write_text(cluster, "kind = \"virtual\"; workers = ( { profile = \"nx\"; count = 2; } );");
    int code = rog_cluster_read(&f->cluster, cluster, NULL, profiles, rog_cluster_kinds, &err);
    if (code == 0)
        code = rog_db_open(&f->db, f->db_path, ROG_DB_WRITE, &err);
    free(profiles);
    free(cluster);
    return code;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    rog_db_close(f->db);
    rog_cluster_free(f->cluster);
    rog_dir_remove(f->folder, NULL);
    free(f->db_path);
    free(f);
    return 0;
}

const struct rog_plan_options once = {.seed = -1, .repeat = 1};

int try_plan(const struct fixture *f, const char *text, const struct rog_plan_options *options,
             struct rog_plan **plan, struct rog_error *err)
{
    struct rog_experiment *experiment = NULL;
    char *path = rog_path_join(f->folder, "x.conf");
    int code = rog_experiment_parse(&experiment, text, path, err);
    if (code == 0)
        code = rog_plan_experiment(plan, experiment, f->cluster, options, err);
    rog_experiment_free(experiment);
    free(path);
    return code;
}

struct rog_plan *plan_of(const struct fixture *f, const char *text,
                         const struct rog_plan_options *options)
{
    struct rog_plan *plan = NULL;
    struct rog_error err = {0};
    if (try_plan(f, text, options, &plan, &err) != 0)
        fail_msg("%s", err.message);
    return plan;
}

void use_cluster(struct fixture *f, const char *name, const char *text)
{
    struct rog_error err = {0};
    char *profiles = rog_path_join(f->folder, "profiles.conf");
    char *path = rog_path_join(f->folder, name);
    rog_cluster_free(f->cluster);
    write_text(path, text);
    if (rog_cluster_read(&f->cluster, name, f->folder, profiles, rog_cluster_kinds, &err) != 0)
        fail_msg("%s", err.message);
    free(path);
    free(profiles);
}
