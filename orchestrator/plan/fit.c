/* SPDX-License-Identifier: Apache-2.0 */
/* Compares settings that apply to many runs with what each strategy, codec and optimizer
 * supports. */
#include <orchestrator/plan/fit.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/plugin.h>
#include <common/settings.h>
#include <librog/parts/parts.h>

/* Settings whose values own the parameters in another setting. */
static const struct {
    const char *owner, *parameters;
} groups[] = {
    {"library", "parameters"},
    {"compression", "compression_parameters"},
    {"pull_compression", "pull_compression_parameters"},
    {"server_optimizer", "server_optimizer_parameters"},
    {"local_optimizer", "local_optimizer_parameters"},
};
#define GROUPS (sizeof groups / sizeof *groups)

/* What is known of a strategy, codec or optimizer, kept once for all runs that use it. */
struct owner {
    size_t group;
    char *value;   /* as in the file */
    char *name;    /* for messages: the name of a strategy, or "compression topk" */
    char *library; /* a strategy's own name; NULL: not known */
    bool is_known, has_threshold;
    int64_t only_threshold;      /* the threshold if there is no choice */
    struct rog_json *parameters; /* {NAME: true} */
    /* What was removed for it: {"threshold": true, "parameter NAME": true}; the line of the first
     * such run; and how many runs became equal to others. */
    struct rog_json *lacks;
    int line;
    size_t same;
};

struct rog_fit {
    struct owner *owner;
    size_t count;
    size_t last; /* owner for which something was removed last */
};

/* Returns the value of the group's setting in a run; NULL: none. */
static const char *value_of(const struct rog_experiment_run *run, size_t group)
{
    return rog_json_get_string(run->settings, groups[group].owner,
                               rog_setting_find(rog_run_settings, groups[group].owner)->fallback);
}

static struct owner *find(const struct rog_fit *fit, size_t group, const char *value)
{
    for (size_t i = 0; value && i < fit->count; i++)
        if (fit->owner[i].group == group && strcmp(fit->owner[i].value, value) == 0)
            return &fit->owner[i];
    return NULL;
}

static void take_parameters(struct owner *owner, const struct rog_parameter *row)
{
    for (; row && row->name; row++)
        rog_json_put_bool(owner->parameters, row->name, true);
}

static int look_at_strategy(struct owner *strategy, const char *folder, struct rog_error *err)
{
    struct rog_plugin plugin;
    const char *file =
        rog_setting_path(rog_setting_find(rog_run_settings, "library"), strategy->value);
    char *path = file ? rog_path_join(folder, file) : rog_strdup(strategy->value);
    if (!path)
        return rog_fail_nomem(err);
    strategy->is_known = rog_plugin_load(&plugin, path, NULL) == 0;
    free(path);
    if (!strategy->is_known)
        return 0;
    strategy->library = rog_strdup(plugin.strategy->name);
    strategy->name = rog_strdup(plugin.strategy->name);
    strategy->has_threshold = plugin.strategy->threshold_min < plugin.strategy->threshold_max;
    strategy->only_threshold = plugin.strategy->threshold_min;
    take_parameters(strategy, plugin.strategy->parameters);
    rog_plugin_release(&plugin);
    return strategy->name && strategy->library ? 0 : rog_fail_nomem(err);
}

/* Codecs of both directions are the same, and are listed for one of them. */
static int look_at_part(const struct rog_part_kind *kind, void *user)
{
    struct owner *owner = user;
    const char *setting = groups[owner->group].owner;
    bool is_pull = strcmp(setting, "pull_compression") == 0;
    if (strcmp(kind->setting, is_pull ? "compression" : setting) != 0 ||
        strcmp(kind->name, owner->value) != 0)
        return 0;
    owner->is_known = true;
    take_parameters(owner, kind->table);
    return 1;
}

static int add(struct rog_fit *fit, size_t group, const char *value, const char *folder,
               struct rog_error *err)
{
    struct owner *more = realloc(fit->owner, (fit->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    fit->owner = more;
    struct owner *owner = &more[fit->count++];
    *owner = (struct owner){.group = group,
                            .value = rog_strdup(value),
                            .parameters = rog_json_object(),
                            .lacks = rog_json_object()};
    if (!owner->value || !owner->parameters || !owner->lacks)
        return rog_fail_nomem(err);
    if (group == 0)
        return look_at_strategy(owner, folder, err);
    owner->name = rog_format("%s %s", groups[group].owner, value);
    rog_parts_each(look_at_part, owner);
    return owner->name ? 0 : rog_fail_nomem(err);
}

int rog_fit_new(struct rog_fit **out, const struct rog_experiment *experiment, const char *folder,
                struct rog_error *err)
{
    struct rog_fit *fit = *out = calloc(1, sizeof *fit);
    int code = fit ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < experiment->run_count; i++)
        for (size_t group = 0; code == 0 && group < GROUPS; group++) {
            const char *value = value_of(&experiment->run[i], group);
            if (value && !find(fit, group, value))
                code = add(fit, group, value, folder, err);
        }
    return code;
}

void rog_fit_free(struct rog_fit *fit)
{
    for (size_t i = 0; fit && i < fit->count; i++) {
        free(fit->owner[i].value);
        free(fit->owner[i].name);
        free(fit->owner[i].library);
        rog_json_free(fit->owner[i].parameters);
        rog_json_free(fit->owner[i].lacks);
    }
    if (fit)
        free(fit->owner);
    free(fit);
}

const char *rog_fit_name(const struct rog_fit *fit, const struct rog_experiment_run *run)
{
    const char *value = value_of(run, 0);
    const struct owner *strategy = find(fit, 0, value);
    return strategy && strategy->library ? strategy->library : value;
}

static bool any_owner_has(const struct rog_fit *fit, size_t group, const char *parameter)
{
    for (size_t i = 0; i < fit->count; i++)
        if (fit->owner[i].group == group && rog_json_get(fit->owner[i].parameters, parameter))
            return true;
    return false;
}

static void note_change(struct rog_fit *fit, struct owner *owner,
                        const struct rog_experiment_run *run)
{
    fit->last = (size_t)(owner - fit->owner);
    if (!owner->line)
        owner->line = run->line;
}

static void fit_threshold(struct rog_fit *fit, struct owner *strategy,
                          const struct rog_experiment_run *run, struct rog_json *settings,
                          bool *changed)
{
    const struct rog_json *threshold = rog_json_get(settings, "threshold");
    if (!threshold || strategy->has_threshold || rog_json_get(run->own, "threshold") ||
        rog_json_integer(threshold, -1) == strategy->only_threshold)
        return;
    rog_json_remove(settings, "threshold");
    rog_json_put_bool(strategy->lacks, "threshold", true);
    note_change(fit, strategy, run);
    *changed = true;
}

struct sifting {
    const struct rog_fit *fit;
    struct owner *owner;
    struct rog_json *kept;
    bool changed;
};

/* Removes parameters that this owner lacks. A name that no owner in the file has is a typing error,
 * and is kept so that it is reported. */
static int keep_supported(const char *name, const struct rog_json *value, void *user)
{
    struct sifting *s = user;
    if (!rog_json_get(s->owner->parameters, name) && any_owner_has(s->fit, s->owner->group, name)) {
        char *lacking = rog_format("parameter %s", name);
        rog_json_put_bool(s->owner->lacks, lacking ? lacking : name, true);
        free(lacking);
        s->changed = true;
    } else {
        rog_json_put(s->kept, name, rog_json_copy(value));
    }
    return 0;
}

static int fit_parameters(struct rog_fit *fit, struct owner *owner,
                          const struct rog_experiment_run *run, struct rog_json *settings,
                          bool *changed, struct rog_error *err)
{
    const char *group = groups[owner->group].parameters;
    const struct rog_json *parameters = rog_json_get(settings, group);
    if (!parameters || rog_json_get(run->own, group))
        return 0;
    struct sifting s = {fit, owner, rog_json_object(), false};
    if (!s.kept)
        return rog_fail_nomem(err);
    rog_json_each(parameters, keep_supported, &s);
    rog_json_put(settings, group, s.kept);
    if (s.changed)
        note_change(fit, owner, run);
    *changed = *changed || s.changed;
    return 0;
}

int rog_fit_settings(struct rog_fit *fit, const struct rog_experiment_run *run,
                     struct rog_json *settings, bool *changed, struct rog_error *err)
{
    int code = 0;
    *changed = false;
    for (size_t group = 0; code == 0 && group < GROUPS; group++) {
        struct owner *owner = find(fit, group, value_of(run, group));
        if (!owner || !owner->is_known)
            continue;
        if (group == 0)
            fit_threshold(fit, owner, run, settings, changed);
        code = fit_parameters(fit, owner, run, settings, changed, err);
    }
    return code;
}

void rog_fit_count_same(struct rog_fit *fit)
{
    if (fit->last < fit->count)
        fit->owner[fit->last].same++;
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
        const struct owner *owner = &fit->owner[i];
        if (!owner->line)
            continue;
        char *names = rog_strdup("");
        rog_json_each(owner->lacks, name_one, &names);
        char *text = NULL;
        if (names && owner->same)
            text = rog_format("%s, line %d: %s has %s: %zu run%s fewer", path, owner->line,
                              owner->name, names, owner->same, owner->same == 1 ? "" : "s");
        else if (names)
            text = rog_format("%s, line %d: %s has %s; its runs go without", path, owner->line,
                              owner->name, names);
        if (text)
            rog_json_append(remarks, rog_json_new_string(text));
        free(names);
        free(text);
        if (!text)
            return rog_fail_nomem(err);
    }
    return 0;
}
