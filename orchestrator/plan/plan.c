/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the runs that a user requests. */
#include <orchestrator/plan/plan.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <common/meant.h>
#include <common/metric.h>
#include <orchestrator/plan/faulty.h>
#include <orchestrator/plan/fit.h>

static const char *const action_names[] = {"new", "waiting", "interrupted", "failed", "done"};

const char *rog_plan_action_name(enum rog_plan_action action)
{
    return action_names[action];
}

/* Writes "ROG 20, outdoors, seed 1", the label that --only searches. */
static void describe(const struct rog_plan_run *run, char *text, size_t bytes)
{
    const struct rog_resolved_run *r = &run->resolved;
    char threshold[ROG_THRESHOLD_TEXT_BYTES];
    snprintf(text, bytes, "%s, %s %s, %s, batchsize %lld, seed %lld", r->note, r->library,
             rog_threshold_text(r->threshold, threshold), r->control, (long long)r->batchsize,
             (long long)r->seed);
}

void rog_plan_unmatch(struct rog_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct rog_plan_run *run = &plan->run[i];
        free(run->id);
        free(run->why);
        free(run->changes);
        free(run->before);
        run->id = run->why = run->changes = run->before = NULL;
        run->unproven = false;
        run->action = ROG_PLAN_NEW;
    }
    for (size_t i = 0; i < plan->leaving_count; i++)
        free(plan->leaving[i].id);
    free(plan->leaving);
    plan->leaving = NULL;
    plan->leaving_count = 0;
}

static void plan_run_release(struct rog_plan_run *run)
{
    rog_resolved_run_release(&run->resolved);
    *run = (struct rog_plan_run){0};
}

static struct rog_plan *plan_new(void)
{
    struct rog_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    plan->remarks = rog_json_array();
    plan->faulty = rog_json_array();
    plan->strategies = rog_strategies_new();
    if (plan->remarks && plan->faulty && plan->strategies)
        return plan;
    rog_plan_free(plan);
    return NULL;
}

void rog_plan_free(struct rog_plan *plan)
{
    if (!plan)
        return;
    rog_plan_unmatch(plan);
    for (size_t i = 0; i < plan->count; i++)
        plan_run_release(&plan->run[i]);
    rog_contents_free(plan->contents);
    rog_strategies_free(plan->strategies);
    free(plan->run);
    free(plan->base);
    free(plan->case_name);
    free(plan->figure);
    free(plan->contender);
    free(plan->baseline);
    free(plan->options);
    free(plan->cluster);
    free(plan->other_cluster);
    rog_json_free(plan->remarks);
    rog_json_free(plan->assumed);
    rog_json_free(plan->faulty);
    free(plan);
}

/* Hands the finished plan to the caller, or frees it after an error. */
static int plan_made(struct rog_plan *plan, int code, struct rog_plan **out)
{
    if (code < 0) {
        rog_plan_free(plan);
        return code;
    }
    rog_strategies_free(plan->strategies);
    plan->strategies = NULL;
    *out = plan;
    return 0;
}

/* Mentions the method in the message if the run has one: the conflicting settings may come from the
 * method, and not from the user. */
static int fail_resolving(const struct rog_json *settings, int code, const struct rog_error *cause,
                          struct rog_error *err)
{
    const char *method = rog_json_get_string(settings, "method", NULL);
    if (!method || !rog_plan_is_fault(code))
        return rog_fail_again(err, cause);
    return rog_fail(
        err, code,
        "%s; settings that are not given here come from method %s (see `rogctl methods %s`)",
        cause->message, method, method);
}

/* Resolves another run and adds it to the plan. */
static int add_run(struct rog_plan *plan, const struct rog_json *settings, int line,
                   const struct rog_cluster *cluster, const char *folder, struct rog_error *err)
{
    struct rog_plan_run *more = realloc(plan->run, (plan->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    plan->run = more;
    struct rog_plan_run *run = &more[plan->count];
    *run = (struct rog_plan_run){.line = line, .position = plan->count};
    struct rog_error cause = {0};
    int code = rog_run_resolve(&run->resolved, settings, cluster, folder, plan->contents,
                               plan->strategies, &cause);
    if (code < 0)
        return fail_resolving(settings, code, &cause, err);
    if (plan->count > 0) /* most values are those of the previous run */
        rog_resolved_run_share(&run->resolved, &run[-1].resolved);
    plan->count++;
    return 0;
}

/* Inputs for planning the runs of an experiment. */
struct planning {
    struct rog_plan *plan;
    const struct rog_experiment *experiment;
    const struct rog_cluster *cluster;
    const struct rog_plan_options *options;
    char *folder; /* of the experiment file */
    struct rog_fit *fit;
};

/* Returns whether runs of the file have different seeds, for example in a matrix over seeds. */
static bool varies_seed(const struct rog_experiment *experiment)
{
    const struct rog_json *first = rog_json_get(experiment->run[0].settings, "seed");
    for (size_t i = 1; i < experiment->run_count; i++) {
        const struct rog_json *seed = rog_json_get(experiment->run[i].settings, "seed");
        if (!seed != !first || rog_json_integer(seed, 0) != rog_json_integer(first, 0))
            return true;
    }
    return false;
}

/* Checks the run added last. If it is equal to an earlier one, it is removed if the options allow
 * that, or if its settings were `fitted` to its strategy; otherwise it is an error. */
static int check_distinct(const struct planning *p, bool fitted, struct rog_error *err)
{
    struct rog_plan *plan = p->plan;
    struct rog_plan_run *last = &plan->run[plan->count - 1];
    size_t i = 0;
    while (strcmp(plan->run[i].resolved.hash, last->resolved.hash) != 0)
        i++;
    last->fitted = fitted;
    if (i + 1 == plan->count)
        return 0;
    fitted = fitted || plan->run[i].fitted;
    bool only_files =
        strcmp(plan->run[i].resolved.settings_hash, last->resolved.settings_hash) != 0;
    bool only_notes = strcmp(plan->run[i].resolved.note, last->resolved.note) != 0;
    const bool repeats = p->options->repeat > 1;
    if (!p->options->skip_same && !fitted && (repeats || p->options->seed >= 0) &&
        varies_seed(p->experiment))
        return rog_fail(err, ROG_EINVAL,
                        "%s, line %d: --%s and a seed in the matrix or in runs cannot be used "
                        "together; leave one of them out",
                        p->experiment->path, last->line, repeats ? "repeat" : "seed");
    if (!p->options->skip_same && !fitted)
        return rog_fail(err, ROG_EINVAL,
                        "%s, line %d: this run (%s) is the same as the one of line %d%s%s; change "
                        "a setting, for example seed, or use --repeat",
                        p->experiment->path, last->line, last->resolved.note, plan->run[i].line,
                        only_files ? ", whose files have the same contents" : "",
                        only_notes ? ", because notes do not distinguish runs" : "");
    if (fitted)
        rog_fit_count_same(p->fit);
    plan_run_release(last);
    plan->count--;
    return 0;
}

/* Records that a note was given by the user, so that labels are not made from settings. */
static void mark_note(struct rog_json *settings)
{
    if (rog_json_get(settings, "note"))
        rog_json_put_bool(settings, ROG_NOTE_GIVEN, true);
}

static int name_cell(const struct planning *p, const struct rog_experiment_run *from,
                     struct rog_json *settings, struct rog_error *err)
{
    if ((!from->axes && !from->label) || rog_json_get(settings, "note"))
        return 0;
    char *note = from->label
                     ? rog_experiment_method_note(from->label, settings, from->axes)
                     : rog_experiment_note(rog_fit_name(p->fit, from), settings, from->axes);
    if (!note)
        return rog_fail_nomem(err);
    rog_json_put_string(settings, "note", note);
    free(note);
    return 0;
}

static int add_repeat(const struct planning *p, const struct rog_experiment_run *from,
                      const struct rog_json *settings, bool fitted, struct rog_error *err)
{
    struct rog_error cause = {0};
    int code = add_run(p->plan, settings, from->line, p->cluster, p->folder, &cause);
    if (code == 0)
        return check_distinct(p, fitted, err);
    int line = rog_experiment_line(p->experiment, from, cause.message);
    if (p->options->all_faults && rog_plan_is_fault(code))
        return rog_plan_add_faulty(p->plan->faulty, settings, line, cause.message, err);
    return rog_fail_from(err, &cause, "%s, line %d", p->experiment->path, line);
}

/* Adds a run of the file, with its repeats. */
static int add_repeats(const struct planning *p, const struct rog_experiment_run *from,
                       struct rog_error *err)
{
    const struct rog_plan_options *options = p->options;
    struct rog_json *settings = rog_json_copy(from->settings);
    const struct rog_setting *row = rog_setting_find(rog_run_settings, "seed");
    long long seed = options->seed >= 0
                         ? options->seed
                         : rog_json_get_integer(settings, "seed", atoll(row->fallback));
    bool fitted = false;
    int code = settings ? 0 : rog_fail_nomem(err);
    mark_note(settings);
    if (code == 0)
        code = rog_fit_settings(p->fit, from, settings, &fitted, err);
    if (code == 0)
        code = name_cell(p, from, settings, err);
    for (long long i = 0; code == 0 && i < options->repeat; i++) {
        rog_json_put_integer(settings, "seed", seed + i);
        code = add_repeat(p, from, settings, fitted, err);
    }
    rog_json_free(settings);
    return code;
}

static int add_all(struct planning *p, struct rog_error *err)
{
    const struct rog_experiment *experiment = p->experiment;
    p->folder = rog_path_dir(experiment->path);
    int code = p->folder ? rog_fit_new(&p->fit, experiment, p->folder, err) : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < experiment->run_count; i++)
        code = add_repeats(p, &experiment->run[i], err);
    if (code == 0)
        code = rog_fit_remarks(p->fit, experiment->path, p->plan->remarks, err);
    rog_fit_free(p->fit);
    free(p->folder);
    return code;
}

/* Returns the names that a case's comparison may use: each run's note, then each run's library. */
static const char *next_name(const void *list, size_t index)
{
    const struct rog_plan *plan = list;
    if (index < plan->count)
        return plan->run[index].resolved.note;
    index -= plan->count;
    return index < plan->count ? plan->run[index].resolved.library : NULL;
}

/* Checks that the case's comparison names one of its runs. */
static int check_named(const struct rog_plan *plan, const char *path, const char *setting,
                       const struct rog_experiment_name *named, struct rog_error *err)
{
    if (!named->name || rog_json_size(plan->faulty)) /* it may be one of the faulty runs */
        return 0;
    const char *name;
    for (size_t i = 0; (name = next_name(plan, i)); i++)
        if (strcasecmp(name, named->name) == 0)
            return 0;
    char meant[ROG_MEANT_BYTES];
    const char *near = rog_nearest_name(named->name, next_name, plan);
    return rog_fail(err, ROG_EINVAL,
                    "%s, line %d: %s must be the library or the note of one of the runs (found "
                    "\"%s\")%s",
                    path, named->line, setting, named->name, rog_meant(near, meant));
}

static int keep_only(struct rog_plan *plan, const char *only, struct rog_error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->count; i++) {
        char label[512];
        describe(&plan->run[i], label, sizeof label);
        if (strstr(label, only))
            plan->run[kept++] = plan->run[i];
        else
            plan_run_release(&plan->run[i]);
    }
    size_t all = plan->count + rog_plan_keep_faulty(&plan->faulty, only);
    plan->count = kept;
    plan->is_part = kept < all;
    return kept || rog_json_size(plan->faulty)
               ? 0
               : rog_fail(err, ROG_ENOTFOUND,
                          "--only %s matches none of the %zu runs; labels look like "
                          "\"ROG 20, ROG 20, outdoors, batchsize 1, seed 1\"",
                          only, all);
}

/* Checks that all runs of a case have the same metric: they are compared with each other, and with
 * the case's target. */
static int check_metrics(const struct rog_plan *plan, const struct rog_experiment *experiment,
                         struct rog_error *err)
{
    struct rog_metric first, own;
    char one[ROG_METRIC_TEXT_BYTES], two[ROG_METRIC_TEXT_BYTES];
    if (plan->count == 0) /* all runs are faulty */
        return 0;
    rog_metric_read(plan->run[0].resolved.config, &first, NULL);
    rog_metric_title(&first, one);
    for (size_t i = 1; i < plan->count; i++) {
        rog_metric_read(plan->run[i].resolved.config, &own, NULL);
        rog_metric_title(&own, two);
        if (!rog_metric_is_same(&first, &own))
            return rog_fail(err, ROG_EINVAL,
                            "%s, line %d: the run is tested for %s, and the one of line %d for %s: "
                            "runs of one case must be comparable",
                            experiment->path, plan->run[i].line, two, plan->run[0].line, one);
    }
    rog_metric_range(&first, two);
    if (!isnan(plan->target_accuracy) && !rog_metric_may_be(&first, plan->target_accuracy))
        return rog_fail(err, ROG_EINVAL, "%s: target_accuracy must be %s (found %g)",
                        experiment->path, two, plan->target_accuracy);
    return 0;
}

int rog_plan_experiment(struct rog_plan **out, const struct rog_experiment *experiment,
                        const struct rog_cluster *cluster, const struct rog_plan_options *options,
                        struct rog_error *err)
{
    *out = NULL;
    struct rog_plan *plan = plan_new();
    int code = plan ? 0 : rog_fail_nomem(err);
    if (code == 0) {
        plan->base = rog_strdup(experiment->case_name);
        plan->figure = rog_strdup(experiment->figure);
        plan->cluster = rog_strdup(cluster->name);
        plan->real_time = cluster->kind->real_time;
        plan->assumed = rog_json_copy(cluster->assumed);
        plan->target_accuracy = experiment->target_accuracy;
        plan->contender = rog_strdup(experiment->contender.name);
        plan->baseline = rog_strdup(experiment->baseline.name);
        plan->options = rog_json_text(experiment->options);
        if (!plan->base || !plan->cluster || !plan->figure != !experiment->figure ||
            !plan->contender != !experiment->contender.name ||
            !plan->baseline != !experiment->baseline.name || !plan->options ||
            !plan->assumed != !cluster->assumed)
            code = rog_fail_nomem(err);
    }
    if (code == 0)
        code = rog_contents_new(&plan->contents, err);
    struct planning planning = {
        .plan = plan, .experiment = experiment, .cluster = cluster, .options = options};
    if (code == 0)
        code = add_all(&planning, err);
    if (code == 0)
        code = check_metrics(plan, experiment, err);
    if (code == 0)
        code = check_named(plan, experiment->path, "contender", &experiment->contender, err);
    if (code == 0)
        code = check_named(plan, experiment->path, "baseline", &experiment->baseline, err);
    if (code == 0)
        plan->is_part = rog_json_size(plan->faulty) > 0;
    if (code == 0 && options->only)
        code = keep_only(plan, options->only, err);
    return plan_made(plan, code, out);
}

int rog_plan_single(struct rog_plan **out, const struct rog_json *settings,
                    const struct rog_cluster *cluster, const char *case_name, struct rog_error *err)
{
    *out = NULL;
    struct rog_plan *plan = plan_new();
    if (!plan)
        return rog_fail_nomem(err);
    plan->target_accuracy = (double)NAN;
    plan->case_name = rog_strdup(case_name);
    plan->cluster = rog_strdup(cluster->name);
    plan->real_time = cluster->kind->real_time;
    plan->assumed = rog_json_copy(cluster->assumed);
    int code =
        !plan->cluster || !plan->assumed != !cluster->assumed || (case_name && !plan->case_name)
            ? rog_fail_nomem(err)
            : 0;
    if (code == 0)
        code = rog_contents_new(&plan->contents, err);
    if (code == 0)
        code = add_run(plan, settings, 0, cluster, ".", err);
    return plan_made(plan, code, out);
}
