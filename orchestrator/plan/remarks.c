/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a plan for repeats without effect, links that fade together, and runs that end too
 * early. */
#include <orchestrator/plan/remarks.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <common/trace_name.h>
#include <common/workload.h>

#define SCRIPT_BYTES 256
#define SHELL_MARKS " \t\n;&|()<>`\"'"
#define NOTHING_DRAWN "nothing depends on the seed if the bandwidth is given and nothing is trained"

static int say(struct rog_json *texts, char *text, struct rog_error *err)
{
    if (!text)
        return rog_fail_nomem(err);
    rog_json_append(texts, rog_json_new_string(text));
    free(text);
    return 0;
}

/* ---- repeats ---- */

/* Returns whether another seed makes a different run. In real time no two runs are the same. */
static bool is_drawn(const struct rog_plan *plan, const struct rog_json *config)
{
    return plan->real_time || rog_workload_trains(config) || rog_trace_is_seeded(config);
}

static const char *hint(const struct rog_json *config)
{
    return rog_trace_has_file(config)
               ? "hint: trace_start = \"seed\" lets each seed start at another time in the traces, "
                 "trace_blocks = 60.0 draws new traces from them"
               : "hint: a generated trace, such as trace = \"synth:outdoors\"";
}

/* Hashes the run without its seed: equal for runs that differ only in it. */
static int hash_of(const struct rog_json *config, char hash[ROG_SHA256_HEX_BYTES],
                   struct rog_error *err)
{
    struct rog_json *rest = rog_json_object();
    rog_settings_copy(rog_run_settings, 0, ROG_SETTING_ASIDE, config, rest);
    rog_json_put(rest, "workers", rog_json_copy(rog_json_get(config, "workers")));
    rog_json_remove(rest, "seed");
    char *text = rest ? rog_json_text_sorted(rest) : NULL;
    rog_json_free(rest);
    if (!text)
        return rog_fail_nomem(err);
    rog_sha256(text, strlen(text), hash);
    free(text);
    return 0;
}

/* first: {hash: index of the first run that has it}. */
static int count_same(const struct rog_plan *plan, struct rog_json *first, size_t *count,
                      size_t *one, size_t *other, struct rog_error *err)
{
    *count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct rog_json *config = plan->run[i].resolved.config;
        char hash[ROG_SHA256_HEX_BYTES];
        if (is_drawn(plan, config))
            continue;
        int code = hash_of(config, hash, err);
        if (code < 0)
            return code;
        int64_t before = rog_json_get_integer(first, hash, -1);
        if (before < 0) {
            rog_json_put_integer(first, hash, (int64_t)i);
        } else if ((*count)++ == 0) {
            *one = (size_t)before;
            *other = i;
        }
    }
    return 0;
}

static int remark_same(const struct rog_plan *plan, struct rog_json *texts, struct rog_error *err)
{
    size_t count = 0, one = 0, other = 0;
    struct rog_json *first = rog_json_object();
    int code = first ? count_same(plan, first, &count, &one, &other, err) : rog_fail_nomem(err);
    rog_json_free(first);
    if (code < 0 || count == 0)
        return code;
    const struct rog_resolved_run *run = &plan->run[one].resolved;
    return say(texts,
               rog_format("%zu of the %zu runs only %s another one, such as %s with seed %lld the "
                          "one with seed %lld: " NOTHING_DRAWN "; %s",
                          count, plan->count, count == 1 ? "repeats" : "repeat", run->note,
                          (long long)plan->run[other].resolved.seed, (long long)run->seed,
                          hint(run->config)),
               err);
}

int rog_plan_check_repeats(const struct rog_plan *plan, struct rog_error *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct rog_resolved_run *run = &plan->run[i].resolved;
        if (!is_drawn(plan, run->config))
            return rog_fail(err, ROG_EINVAL,
                            "repeats of %s would all be identical: " NOTHING_DRAWN "; %s",
                            run->note, hint(run->config));
    }
    return 0;
}

/* ---- runs that differ only in values, without any values ---- */

/* Keeps `every`, the only parameter of a server optimizer that affects when, and not only which,
 * values change: the number of contributions of a round. */
static void keep_rounds(struct rog_json *settings)
{
    const struct rog_json *own = rog_json_get(settings, "server_optimizer_parameters");
    struct rog_json *every = own ? rog_json_copy(rog_json_get(own, "every")) : NULL;
    rog_json_remove(settings, "server_optimizer_parameters");
    if (every)
        rog_json_put(settings, "every", every);
}

/* Returns what determines the transmissions of a run that trains nothing. NULL without memory. */
static char *without_values(const struct rog_json *config)
{
    struct rog_json *rest = rog_json_object();
    rog_settings_copy(rog_run_settings, 0, ROG_SETTING_ASIDE | ROG_SETTING_OF_VALUES, config, rest);
    rog_json_put(rest, "workers", rog_json_copy(rog_json_get(config, "workers")));
    rog_json_remove(rest, "method");
    keep_rounds(rest);
    char *text = rest ? rog_json_text_sorted(rest) : NULL;
    rog_json_free(rest);
    return text;
}

static int remark_values(const struct rog_plan *plan, struct rog_json *texts, struct rog_error *err)
{
    size_t count = 0, one = 0, other = 0;
    struct rog_json *first = rog_json_object();
    int code = first ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && !plan->real_time && i < plan->count; i++) {
        const struct rog_json *config = plan->run[i].resolved.config;
        char *key = rog_workload_trains(config) ? NULL : without_values(config);
        char hash[ROG_SHA256_HEX_BYTES] = ""; /* a plan may contain thousands of runs */
        if (key)
            rog_sha256(key, strlen(key), hash);
        int64_t before = key ? rog_json_get_integer(first, hash, -1) : 0;
        if (key && before < 0) {
            rog_json_put_integer(first, hash, (int64_t)i);
        } else if (key && count++ == 0) {
            one = (size_t)before;
            other = i;
        }
        free(key);
    }
    rog_json_free(first);
    if (code < 0 || count == 0)
        return code;
    return say(texts,
               rog_format("%zu of the %zu runs cannot differ from another one, such as %s from %s: "
                          "with workload none nothing is trained, and they differ only in how "
                          "values are computed",
                          count, plan->count, plan->run[other].resolved.note,
                          plan->run[one].resolved.note),
               err);
}

/* ---- links that fade together ---- */

/* Returns what, besides the cluster, determines whether workers share a recording. */
static char *trace_key(const struct rog_json *config)
{
    return rog_format("%d %s %s", rog_trace_has_own_blocks(config),
                      rog_json_get_string(config, "trace_start", ""),
                      rog_json_get_string(config, "trace", ""));
}

static int remark_shared(const struct rog_plan *plan, struct rog_json *texts, struct rog_error *err)
{
    struct rog_json *seen = rog_json_object();
    int code = seen ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < plan->count; i++) {
        const struct rog_json *config = plan->run[i].resolved.config;
        size_t count = 1;
        int64_t rank = 0;
        char *key = trace_key(config);
        code = key ? 0 : rog_fail_nomem(err);
        if (key && !rog_json_get(seen, key)) {
            rog_json_put_bool(seen, key, true);
            code = rog_trace_sharers(config, &count, &rank, err);
        }
        free(key);
        if (code == 0 && count > 1)
            code =
                say(texts,
                    rog_format("%zu workers use the trace %s from the same moment on, so their "
                               "links fade at the same time; hint: trace_start = \"spread\", a "
                               "trace_offset for each, or a file for each, with {rank} in its name",
                               count, rog_trace_of_rank(config, rank)),
                    err);
    }
    rog_json_free(seen);
    return code;
}

/* ---- runs that end before the first iteration ---- */

/* Returns the time of the local steps of an iteration; 0 if it is not known. */
static double iteration_s(const struct rog_resolved_run *run, const struct rog_json *worker)
{
    if (run->plans_work || rog_json_get_string(worker, "step_times", "")[0])
        return 0;
    return (double)run->batchsize * rog_json_get_number(worker, "local_steps", 1) *
           rog_json_get_number(worker, "step_s", 0);
}

/* Returns the fastest of the workers that cannot finish their first iteration before the run ends;
 * NULL: none. */
static const struct rog_json *too_slow(const struct rog_resolved_run *run, size_t *count)
{
    const struct rog_json *workers = rog_json_get(run->config, "workers"), *nearest = NULL;
    double ends_s = rog_json_get_number(run->config, "seconds", 0);
    *count = 0;
    for (size_t i = 0; ends_s > 0 && i < rog_json_size(workers); i++) {
        const struct rog_json *worker = rog_json_at(workers, i);
        if (iteration_s(run, worker) < ends_s)
            continue;
        if (!nearest || iteration_s(run, worker) < iteration_s(run, nearest))
            nearest = worker;
        (*count)++;
    }
    return nearest;
}

static char *short_text(const struct rog_plan *plan, const struct rog_resolved_run *run,
                        size_t runs, const struct rog_json *worker, size_t count)
{
    size_t workers = rog_json_size(rog_json_get(run->config, "workers"));
    char *who = count == workers
                    ? rog_strdup("no worker finishes an iteration")
                    : rog_format("%zu of %zu workers finish no iteration", count, workers);
    char *text =
        who ? rog_format(
                  "in %zu of the %zu runs, such as %s, %s: %lld local steps of %g s take "
                  "%g s, and the run ends at %g s; hint: more seconds or a smaller batchsize",
                  runs, plan->count, run->note, who,
                  (long long)(run->batchsize * rog_json_get_integer(worker, "local_steps", 1)),
                  rog_json_get_number(worker, "step_s", 0), iteration_s(run, worker),
                  rog_json_get_number(run->config, "seconds", 0))
            : NULL;
    free(who);
    return text;
}

/* Only in virtual time: in real time the duration of a step depends on the computer. */
static int remark_short(const struct rog_plan *plan, struct rog_json *texts, struct rog_error *err)
{
    size_t runs = 0, count = 0;
    const struct rog_resolved_run *first = NULL;
    for (size_t i = 0; !plan->real_time && i < plan->count; i++) {
        if (!too_slow(&plan->run[i].resolved, &count))
            continue;
        first = first ? first : &plan->run[i].resolved;
        runs++;
    }
    if (!first)
        return 0;
    const struct rog_json *worker = too_slow(first, &count);
    return say(texts, short_text(plan, first, runs, worker, count), err);
}

/* ---- programs ---- */

/* Gets the next word of a command that is a script's name, without shell syntax. NULL: none. */
static const char *next_script(const char **at, char word[SCRIPT_BYTES])
{
    static const char *const ends[] = {".py", ".sh"};
    while (**at) {
        *at += strspn(*at, SHELL_MARKS);
        size_t length = strcspn(*at, SHELL_MARKS);
        snprintf(word, SCRIPT_BYTES, "%.*s", (int)length, *at);
        *at += length;
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
            if (length < SCRIPT_BYTES && length > strlen(ends[i]) &&
                strcmp(word + length - strlen(ends[i]), ends[i]) == 0 && !strpbrk(word, "$*?={"))
                return word;
    }
    return NULL;
}

static const char *next_file(const void *files, size_t index)
{
    return rog_json_string(rog_json_at(files, index), NULL);
}

/* Returns whether the script exists when the command runs: its folder contains the run's files;
 * otherwise the name is a path on this machine. */
static bool script_exists(const struct rog_json *files, const char *script)
{
    const char *name, *plain = strncmp(script, "./", 2) == 0 ? script + 2 : script;
    for (size_t i = 0; (name = next_file(files, i)); i++)
        if (strcmp(name, plain) == 0)
            return true;
    return rog_file_exists(script);
}

/* Remarks on scripts that a command names and that do not exist, each once. This is no error: the
 * command may create them. */
static int remark_scripts(const struct rog_plan *plan, struct rog_json *texts,
                          struct rog_error *err)
{
    struct rog_json *said = rog_json_object();
    int code = said ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; i < plan->count && code == 0; i++) {
        const struct rog_json *config = plan->run[i].resolved.config;
        const struct rog_json *files = rog_json_get(config, "files");
        const char *at = rog_json_get_string(config, "command", "");
        char word[SCRIPT_BYTES];
        while (code == 0 && files && next_script(&at, word)) {
            if (script_exists(files, word) || rog_json_get(said, word))
                continue;
            const char *near = rog_nearest_name(word, next_file, files);
            rog_json_put_bool(said, word, true);
            code =
                say(texts,
                    rog_format("command names %s, which is not among files%s%s%s", word,
                               near ? " (did you mean " : "", near ? near : "", near ? "?)" : ""),
                    err);
        }
    }
    rog_json_free(said);
    return code;
}

/* Remarks on programs without a limit of time: they decide themselves how long they train,
 * regardless of `epochs`, and most continue until the run ends. */
static int remark_endless(const struct rog_plan *plan, struct rog_json *texts,
                          struct rog_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct rog_json *config = plan->run[i].resolved.config;
        count += rog_workload_is_program(config) && rog_json_get_number(config, "seconds", 0) <= 0;
    }
    if (count == 0)
        return 0;
    return say(texts,
               rog_format("seconds is not set: %zu of the %zu runs end when their programs do, and "
                          "never if these train until the run is over",
                          count, plan->count),
               err);
}

/* ---- times of the default profile ---- */

/* Returns whether the worker runs a program in any of the runs. */
static bool any_runs_program(const struct rog_plan *plan, int64_t rank)
{
    for (size_t i = 0; i < plan->count; i++)
        if (rog_workload_runs_program(plan->run[i].resolved.config, (uint32_t)rank))
            return true;
    return false;
}

/* "1.11 s a local step, 0.39 s to compress"; NULL without memory. */
static char *times_text(const struct rog_json *times)
{
    static const char *const text[][2] = {{"step_s", "a local step"},
                                          {"compress_s", "to compress a push"},
                                          {"decompress_s", "to decompress a pull"}};
    char *all = rog_strdup("");
    for (size_t i = 0; all && i < sizeof text / sizeof *text; i++) {
        if (!rog_json_get(times, text[i][0]))
            continue;
        char *longer = rog_format("%s%s%g s %s", all, *all ? ", " : "",
                                  rog_json_get_number(times, text[i][0], 0), text[i][1]);
        free(all);
        all = longer;
    }
    return all;
}

static int remark_times(const struct rog_plan *plan, struct rog_json *texts, struct rog_error *err)
{
    const struct rog_json *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < rog_json_size(plan->assumed); i++) {
        const struct rog_json *times = rog_json_at(plan->assumed, i);
        if (!any_runs_program(plan, rog_json_get_integer(times, "rank", 0)))
            continue;
        first = first ? first : times;
        count++;
    }
    char *times = first ? times_text(first) : NULL;
    if (!times)
        return first ? rog_fail_nomem(err) : 0;
    int code = say(
        texts,
        rog_format("the program of %zu worker%s has the times of the default profile %s, a Jetson "
                   "that trains ConvMLP-M: %s%s; hint: --cluster FILE with workers that set %s",
                   count, count == 1 ? "" : "s",
                   rog_setting_find(rog_worker_settings, "profile")->fallback, times,
                   plan->real_time ? ", and waits if it is faster" : "",
                   plan->real_time
                       ? "step_s = 0.0, compress_s = 0.0 and decompress_s = 0.0: no waiting"
                       : "step_s = \"measured\", or give these times"),
        err);
    free(times);
    return code;
}

int rog_plan_remarks(const struct rog_plan *plan, struct rog_json *texts, struct rog_error *err)
{
    for (size_t i = 0; i < rog_json_size(plan->remarks); i++)
        rog_json_append(texts, rog_json_copy(rog_json_at(plan->remarks, i)));
    int code = remark_scripts(plan, texts, err);
    if (code == 0)
        code = remark_endless(plan, texts, err);
    if (code == 0)
        code = remark_shared(plan, texts, err);
    if (code == 0)
        code = remark_short(plan, texts, err);
    if (code == 0)
        code = remark_times(plan, texts, err);
    if (code == 0)
        code = remark_values(plan, texts, err);
    return code < 0 ? code : remark_same(plan, texts, err);
}
