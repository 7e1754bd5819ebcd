/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files of methods, and adds the settings of methods to runs. */
#include <orchestrator/conf/methods.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <orchestrator/conf/file.h>

/* ---- reading ---- */

static const struct rog_setting rows[] = {
    {.name = "name", .type = ROG_SETTING_STRING, .help = "name that runs refer to"},
    {.name = "title", .type = ROG_SETTING_STRING, .help = "label in figures and tables"},
    {.name = "source", .type = ROG_SETTING_STRING, .help = "publication"},
    {.name = "published", .type = ROG_SETTING_STRING, .help = "its defaults, described"},
    {.name = "differs",
     .type = ROG_SETTING_TEXTS,
     .help = "differences from the publication, and why"},
    {.name = "settings", .type = ROG_SETTING_STRING, .help = "settings of a run"},
    {.name = NULL},
};

static void method_release(struct rog_method *method)
{
    free(method->name);
    free(method->title);
    free(method->source);
    free(method->published);
    free(method->file);
    rog_json_free(method->differs);
    rog_json_free(method->settings);
    *method = (struct rog_method){0};
}

void rog_methods_release(struct rog_methods *methods)
{
    for (size_t i = 0; i < methods->count; i++)
        method_release(&methods->method[i]);
    free(methods->method);
    *methods = (struct rog_methods){0};
}

static int take_settings(struct rog_method *method, const struct rog_conf_node *group,
                         struct rog_error *err)
{
    if (group->type != ROG_CONF_GROUP)
        return rog_conf_fail(group, err, "settings must be a group, { ... } (found %s)",
                             rog_conf_kind(group));
    for (size_t i = 0; i < group->child_count; i++) {
        const struct rog_conf_node *node = &group->child[i];
        int code = rog_conf_check(node, rog_run_settings, NULL, err);
        if (code < 0)
            return code;
        if (strcmp(node->name, "method") == 0)
            return rog_conf_fail(node, err, "a method cannot be based on another method");
    }
    method->settings = rog_json_copy(group->value);
    return method->settings ? 0 : rog_fail_nomem(err);
}

static char *text_of(const struct rog_conf_node *group, const char *name)
{
    const struct rog_conf_node *node = rog_conf_get(group, name);
    return node ? rog_strdup(rog_json_string(node->value, "")) : NULL;
}

static int take_texts(struct rog_method *method, const struct rog_conf_node *group,
                      struct rog_error *err)
{
    const struct rog_conf_node *differs = rog_conf_get(group, "differs");
    method->name = text_of(group, "name");
    method->title = text_of(group, "title");
    method->source = text_of(group, "source");
    method->published = text_of(group, "published");
    method->file = rog_strdup(group->file);
    method->differs = differs ? rog_json_copy(differs->value) : rog_json_array();
    bool whole = method->name && method->title && method->source && method->file &&
                 method->differs && !method->published == !rog_conf_get(group, "published");
    return whole ? 0 : rog_fail_nomem(err);
}

static int take_method(struct rog_method *method, const struct rog_conf_node *group,
                       struct rog_error *err)
{
    static const char *const needed[] = {"name", "title", "source", "settings"};
    *method = (struct rog_method){0};
    if (group->type != ROG_CONF_GROUP)
        return rog_conf_fail(group, err, "a method must be a group, { ... } (found %s)",
                             rog_conf_kind(group));
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!rog_conf_get(group, needed[i]))
            return rog_conf_fail(group, err, "the method has no %s", needed[i]);
    int code = 0;
    for (size_t i = 0; code == 0 && i < group->child_count; i++)
        code = strcmp(group->child[i].name, "settings") == 0
                   ? take_settings(method, &group->child[i], err)
                   : rog_conf_check(&group->child[i], rows, NULL, err);
    if (code == 0)
        code = take_texts(method, group, err);
    if (code == 0 && !rog_name_is_plain(method->name))
        code = rog_conf_fail(group, err,
                             "the name of a method has letters, digits, '-', '_' and '.' (found "
                             "\"%.60s\")",
                             method->name);
    return code;
}

static struct rog_method *known(const struct rog_methods *methods, const char *name)
{
    for (size_t i = 0; i < methods->count; i++)
        if (strcmp(methods->method[i].name, name) == 0)
            return &methods->method[i];
    return NULL;
}

/* Adds a method and takes ownership of it. first: index of the first method of this file; a name
 * must not occur twice in a file. */
static int add(struct rog_methods *methods, size_t first, const struct rog_conf_node *group,
               struct rog_method *method, struct rog_error *err)
{
    struct rog_method *same = known(methods, method->name);
    if (same && (size_t)(same - methods->method) >= first) {
        int code = rog_conf_fail(group, err, "there are two methods \"%s\"", method->name);
        method_release(method);
        return code;
    }
    if (same) {
        method_release(same);
        *same = *method;
        return 0;
    }
    struct rog_method *more = realloc(methods->method, (methods->count + 1) * sizeof *more);
    if (!more) {
        method_release(method);
        return rog_fail_nomem(err);
    }
    methods->method = more;
    more[methods->count++] = *method;
    return 0;
}

static int take_all(struct rog_methods *methods, const struct rog_conf_node *root,
                    struct rog_error *err)
{
    const struct rog_conf_node *list = rog_conf_get(root, "methods");
    size_t first = methods->count;
    if (!list || root->child_count != 1 || list->type != ROG_CONF_LIST)
        return rog_conf_fail(list ? list : root, err,
                             "a file of methods has methods = ( { ... }, ... ) and nothing else");
    int code = 0;
    for (size_t i = 0; code == 0 && i < list->child_count; i++) {
        struct rog_method method;
        code = take_method(&method, &list->child[i], err);
        if (code == 0)
            code = add(methods, first, &list->child[i], &method, err);
        else
            method_release(&method);
    }
    return code;
}

int rog_methods_read(struct rog_methods *methods, const char *path, struct rog_error *err)
{
    struct rog_conf_node *root = NULL;
    int code = rog_conf_read(&root, path, err);
    if (code == 0)
        code = take_all(methods, root, err);
    rog_conf_free(root);
    return code;
}

/* ---- applying ---- */

static const char *next_name(const void *list, size_t index)
{
    const struct rog_methods *methods = list;
    return index < methods->count ? methods->method[index].name : NULL;
}

int rog_methods_find(const struct rog_methods *methods, const char *name,
                     const struct rog_method **method, struct rog_error *err)
{
    *method = known(methods, name);
    if (*method)
        return 0;
    const char *near = rog_nearest_name(name, next_name, methods);
    return rog_fail(err, ROG_ENOTFOUND,
                    "no method is called \"%s\"%s%s%s; `rogctl methods` lists them", name,
                    near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* Parameters that are only meaningful for the strategy, codec or optimizer that the owner setting
 * names. */
static const struct {
    const char *owner, *own;
} owned[] = {
    {"library", "parameters"},
    {"library", "threshold"},
    {"compression", "compression_parameters"},
    {"pull_compression", "pull_compression_parameters"},
    {"server_optimizer", "server_optimizer_parameters"},
    {"local_optimizer", "local_optimizer_parameters"},
};

/* Overrides `settings` by those in `said` and returns the result; takes ownership of `settings`.
 * NULL without memory. */
static struct rog_json * override(struct rog_json *settings, const struct rog_json *said)
{
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
        const char *owner = rog_json_get_string(said, owned[i].owner, NULL);
        if (owner && strcasecmp(owner, rog_json_get_string(settings, owned[i].owner, owner)) != 0)
            rog_json_remove(settings, owned[i].own);
    }
    struct rog_json *merged = rog_json_copy(settings);
    rog_json_put_all(settings, said);
    for (const struct rog_setting *row = rog_run_settings; merged && row->name; row++) {
        const struct rog_json *below = rog_json_get(merged, row->name);
        const struct rog_json *above = rog_json_get(said, row->name);
        if (row->type != ROG_SETTING_GROUP || !below || !above)
            continue;
        struct rog_json *both = rog_json_copy(below);
        rog_json_put_all(both, above);
        rog_json_put(settings, row->name, both);
    }
    if (!merged) {
        rog_json_free(settings);
        settings = NULL;
    }
    rog_json_free(merged);
    return settings;
}

/* Returns "DiLoCo"; "DiLoCo, threshold 2" or "DiLoCo, SSP 2" if threshold or strategy are given. */
static char *label_of(const struct rog_method *method, const struct rog_json *said)
{
    const char *own = rog_json_get_string(method->settings, "library", "");
    const char *library = rog_json_get_string(said, "library", own);
    const struct rog_json *threshold = rog_json_get(said, "threshold");
    bool same = strcasecmp(library, own) == 0;
    if (same && !threshold)
        return rog_strdup(method->title);
    char *strategy = rog_experiment_note(same ? "threshold" : library, said, NULL);
    char *label = strategy ? rog_format("%s, %s", method->title, strategy) : NULL;
    free(strategy);
    return label;
}

int rog_methods_apply(const struct rog_methods *methods, struct rog_json *settings, char **label,
                      struct rog_error *err)
{
    const char *name = rog_json_get_string(settings, "method", NULL);
    const struct rog_method *method = NULL;
    *label = NULL;
    if (!name)
        return 0;
    int code = rog_methods_find(methods, name, &method, err);
    if (code < 0)
        return code;
    struct rog_json *said = rog_json_copy(settings), *made = rog_json_copy(method->settings);
    made = said && made ? override(made, said) : made;
    *label = label_of(method, said);
    if (said && made && *label)
        rog_json_put_all(settings, made);
    else
        code = rog_fail_nomem(err);
    rog_json_free(made);
    rog_json_free(said);
    return code;
}

int rog_methods_apply_all(const struct rog_methods *methods, struct rog_experiment *experiment,
                          struct rog_error *err)
{
    for (size_t i = 0; i < experiment->run_count; i++) {
        struct rog_experiment_run *run = &experiment->run[i];
        struct rog_error cause = {0};
        int code = rog_methods_apply(methods, run->settings, &run->label, &cause);
        if (code == ROG_ENOTFOUND)
            return rog_fail(err, ROG_EINVAL, "%s, line %d: %s", experiment->path, run->line,
                            cause.message);
        if (code < 0)
            return rog_fail_again(err, &cause);
    }
    return 0;
}

/* ---- as text of a file ---- */

/* NULL without memory. */
static char *value_text(const struct rog_json *value);

struct joined {
    char *text;
};

static int join_member(const char *name, const struct rog_json *value, void *user)
{
    struct joined *joined = user;
    char *shown = value_text(value);
    char *longer =
        joined->text && shown ? rog_format("%s %s = %s;", joined->text, name, shown) : NULL;
    free(shown);
    free(joined->text);
    joined->text = longer;
    return 0;
}

static char *value_text(const struct rog_json *value)
{
    if (!rog_json_is_object(value))
        return rog_json_text(value);
    struct joined joined = {rog_strdup("{")};
    rog_json_each(value, join_member, &joined);
    char *text = joined.text ? rog_format("%s }", joined.text) : NULL;
    free(joined.text);
    return text;
}

char *rog_method_text(const struct rog_method *method, const char *indent)
{
    char *text = rog_strdup("");
    for (const struct rog_setting *row = rog_run_settings; text && row->name; row++) {
        const struct rog_json *value = rog_json_get(method->settings, row->name);
        if (!value)
            continue;
        char *shown = value_text(value);
        char *longer = shown ? rog_format("%s%s%s%s = %s;", text, text[0] ? "\n" : "", indent,
                                          row->name, shown)
                             : NULL;
        free(shown);
        free(text);
        text = longer;
    }
    return text;
}
