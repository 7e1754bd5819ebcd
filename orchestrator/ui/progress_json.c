/* SPDX-License-Identifier: Apache-2.0 */
/* Returns a row of the table `progress` as JSON. */
#include <orchestrator/ui/progress_json.h>

#include <math.h>

#include <orchestrator/store/progress.h>

int rog_progress_json(struct rog_db *db, const char *run_id, struct rog_json **out,
                      struct rog_error *err)
{
    struct rog_run_progress progress;
    int code = rog_run_progress_load(db, run_id, &progress, err);
    *out = NULL;
    if (code != 1)
        return code;
    struct rog_json *json = *out = rog_json_object();
    rog_json_put_string(json, "state", progress.state);
    rog_json_put_number(json, "done", progress.done);
    rog_json_put_number(json, "seconds", progress.t_s);
    rog_json_put_integer(json, "iteration", progress.iteration);
    rog_json_put_number(json, "accuracy", progress.accuracy);
    rog_json_put_number(json, "stall_share", progress.stall_share);
    rog_json_put_number(json, "wall_s", progress.wall_s);
    rog_json_put_string(json, "waiting", progress.waiting[0] ? progress.waiting : NULL);
    rog_json_put_number(json, "waiting_s", progress.waiting[0] ? progress.waiting_s : (double)NAN);
    rog_json_put_number(json, "age_s", progress.age_s);
    return 0;
}
