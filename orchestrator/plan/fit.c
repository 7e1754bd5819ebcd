/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the settings that are meant for many against what each strategy has. */
#include <orchestrator/plan/fit.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/plugin.h>
#include <common/settings.h>

/* What a plugin says of itself, once for all runs that have it. */
struct strategy {
    char *library; /* as the file has it */
    char *name;    /* its own */
    bool is_known; /* it loads */
    bool has_threshold;
    int64_t only_threshold;      /* where it has none to choose */
    struct rog_json *parameters; /* {NAME: true} */
    /* What was taken out for it: {"threshold": true, "parameter NAME": true}, where first, and how
     * many runs were the same without it. */
    struct rog_json *lacks;
    int line;
    size_t same;
};

struct rog_fit {
    struct strategy *strategy;
    size_t count;
};

static const char *library_of(const struct rog_experiment_run *run)
{
    return rog_json_get_string(run->settings, "library",
                               rog_setting_find(rog_run_settings, "library")->fallback);
}

static struct strategy *find(const struct rog_fit *fit, const char *library)
{
    for (size_t i = 0; i < fit->count; i++)
        if (strcmp(fit->strategy[i].library, library) == 0)
            return &fit->strategy[i];
    return NULL;
}

static int look_at(struct strategy *strategy, const char *folder, struct rog_error *err)
{
    struct rog_plugin plugin;
    char *path = strchr(strategy->library, '/') ? rog_path_join(folder, strategy->library)
                                                : rog_strdup(strategy->library);
    if (!path)
        return rog_fail_nomem(err);
    strategy->is_known = rog_plugin_load(&plugin, path, NULL) == 0;
    free(path);
    if (!strategy->is_known)
        return 0;
    strategy->name = rog_strdup(plugin.strategy->name);
    strategy->has_threshold = plugin.strategy->threshold_min < plugin.strategy->threshold_max;
    strategy->only_threshold = plugin.strategy->threshold_min;
    const struct rog_parameter *row = plugin.strategy->parameters;
    for (; row && row->name; row++)
        rog_json_put_bool(strategy->parameters, row->name, true);
    rog_plugin_release(&plugin);
    return strategy->name ? 0 : rog_fail_nomem(err);
}

static int add(struct rog_fit *fit, const char *library, const char *folder, struct rog_error *err)
{
    struct strategy *more = realloc(fit->strategy, (fit->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    fit->strategy = more;
    struct strategy *strategy = &more[fit->count++];
    *strategy = (struct strategy){.library = rog_strdup(library),
                                  .parameters = rog_json_object(),
                                  .lacks = rog_json_object()};
    if (!strategy->library || !strategy->parameters || !strategy->lacks)
        return rog_fail_nomem(err);
    return look_at(strategy, folder, err);
}

int rog_fit_new(struct rog_fit **out, const struct rog_experiment *experiment, const char *folder,
                struct rog_error *err)
{
    struct rog_fit *fit = *out = calloc(1, sizeof *fit);
    int code = fit ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < experiment->run_count; i++) {
        const char *library = library_of(&experiment->run[i]);
        if (!find(fit, library))
            code = add(fit, library, folder, err);
    }
    return code;
}

void rog_fit_free(struct rog_fit *fit)
{
    for (size_t i = 0; fit && i < fit->count; i++) {
        free(fit->strategy[i].library);
        free(fit->strategy[i].name);
        rog_json_free(fit->strategy[i].parameters);
        rog_json_free(fit->strategy[i].lacks);
    }
    if (fit)
        free(fit->strategy);
    free(fit);
}

const char *rog_fit_name(const struct rog_fit *fit, const struct rog_experiment_run *run)
{
    const struct strategy *strategy = find(fit, library_of(run));
    return strategy && strategy->name ? strategy->name : library_of(run);
}

static bool anybody_has(const struct rog_fit *fit, const char *parameter)
{
    for (size_t i = 0; i < fit->count; i++)
        if (rog_json_get(fit->strategy[i].parameters, parameter))
            return true;
    return false;
}

struct sifting {
    const struct rog_fit *fit;
    struct strategy *strategy;
    struct rog_json *kept;
    bool changed;
};

/* A name that no strategy of the file has is a slip, and stays for the error that it makes. */
static int sift(const char *name, const struct rog_json *value, void *user)
{
    struct sifting *s = user;
    if (!rog_json_get(s->strategy->parameters, name) && anybody_has(s->fit, name)) {
        char *lacking = rog_format("parameter %s", name);
        rog_json_put_bool(s->strategy->lacks, lacking ? lacking : name, true);
        free(lacking);
        s->changed = true;
    } else {
        rog_json_put(s->kept, name, rog_json_copy(value));
    }
    return 0;
}

int rog_fit_settings(struct rog_fit *fit, const struct rog_experiment_run *run,
                     struct rog_json *settings, bool *changed, struct rog_error *err)
{
    struct strategy *strategy = find(fit, library_of(run));
    *changed = false;
    if (!strategy || !strategy->is_known)
        return 0;
    const struct rog_json *threshold = rog_json_get(settings, "threshold");
    if (threshold && !strategy->has_threshold && !rog_json_get(run->own, "threshold") &&
        rog_json_integer(threshold, -1) != strategy->only_threshold) {
        rog_json_remove(settings, "threshold");
        rog_json_put_bool(strategy->lacks, "threshold", true);
        *changed = true;
    }
    const struct rog_json *parameters = rog_json_get(settings, "parameters");
    if (parameters && !rog_json_get(run->own, "parameters")) {
        struct sifting s = {fit, strategy, rog_json_object(), false};
        if (!s.kept)
            return rog_fail_nomem(err);
        rog_json_each(parameters, sift, &s);
        rog_json_put(settings, "parameters", s.kept);
        *changed = *changed || s.changed;
    }
    if (*changed && !strategy->line)
        strategy->line = run->line;
    return 0;
}

void rog_fit_count_same(struct rog_fit *fit, const struct rog_experiment_run *run)
{
    struct strategy *strategy = find(fit, library_of(run));
    if (strategy)
        strategy->same++;
}

/* "no threshold, no parameter range" */
static int name_one(const char *name, const struct rog_json *value, void *user)
{
    char **text = user;
    (void)value;
    char *longer = *text ? rog_format("%s%sno %s", *text, **text ? " and " : "", name) : NULL;
    free(*text);
    *text = longer;
    return 0;
}

int rog_fit_remarks(const struct rog_fit *fit, const char *path, struct rog_json *remarks,
                    struct rog_error *err)
{
    for (size_t i = 0; i < fit->count; i++) {
        const struct strategy *strategy = &fit->strategy[i];
        if (!strategy->line)
            continue;
        char *names = rog_strdup("");
        rog_json_each(strategy->lacks, name_one, &names);
        char *text = NULL;
        if (names && strategy->same)
            text =
                rog_format("%s, line %d: %s has %s: %zu run%s fewer", path, strategy->line,
                           strategy->name, names, strategy->same, strategy->same == 1 ? "" : "s");
        else if (names)
            text = rog_format("%s, line %d: %s has %s; its runs go without", path, strategy->line,
                              strategy->name, names);
        if (text)
            rog_json_append(remarks, rog_json_new_string(text));
        free(names);
        free(text);
        if (!text)
            return rog_fail_nomem(err);
    }
    return 0;
}
