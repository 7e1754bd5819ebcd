/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the parts that the settings of a run name. */
#include <librog/parts/parts.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/parameters.h>
#include <librog/codecs/codecs.h>
#include <librog/optimizers/optimizers.h>

/* The settings of each part. */
static const struct {
    const char *name, *parameters;
} settings_of[ROG_PARTS] = {
    [ROG_PART_PUSH_CODEC] = {"compression", "compression_parameters"},
    [ROG_PART_PULL_CODEC] = {"pull_compression", "pull_compression_parameters"},
    [ROG_PART_SERVER_OPTIMIZER] = {"server_optimizer", "server_optimizer_parameters"},
    [ROG_PART_LOCAL_OPTIMIZER] = {"local_optimizer", "local_optimizer_parameters"},
};

static const char *text_of(const struct rog_json *settings, const char *name)
{
    const char *fallback = rog_setting_find(rog_run_settings, name)->fallback;
    return rog_json_get_string(settings, name, fallback);
}

/* Finds a built-in codec, or loads a plugin. */
static int find_codec(struct rog_parts *parts, enum rog_part part, const char *name,
                      const struct rog_codec **codec, struct rog_error *err)
{
    if (rog_codec_find(name, codec, NULL) == 0)
        return 0;
    struct rog_plugin *plugin = &parts->plugin[part];
    int code = rog_plugin_load_codec(plugin, name, err);
    if (code == ROG_ENOTFOUND)
        return rog_codec_find(name, codec, err);
    *codec = plugin->codec;
    return code;
}

static int find_codecs(struct rog_parts *parts, const struct rog_json *settings,
                       struct rog_error *err)
{
    const char *push = text_of(settings, "compression");
    const char *pull = text_of(settings, "pull_compression");
    int code = find_codec(parts, ROG_PART_PUSH_CODEC, push, &parts->push_codec, err);
    if (!code && (!pull || strcmp(pull, push) == 0))
        parts->pull_codec = parts->push_codec;
    else if (!code)
        code = find_codec(parts, ROG_PART_PULL_CODEC, pull, &parts->pull_codec, err);
    if (code && parts->push_codec)
        rog_fail_prefix(err, "pull_compression");
    if (code)
        return code;
    parts->chosen[ROG_PART_PUSH_CODEC] = (struct rog_part_choice){
        .owner = parts->push_codec->name, .table = parts->push_codec->parameters};
    parts->chosen[ROG_PART_PULL_CODEC] = (struct rog_part_choice){
        .owner = parts->pull_codec->name, .table = parts->pull_codec->parameters};
    return 0;
}

static const char *server_optimizer_name(size_t index)
{
    return rog_server_optimizers[index] ? rog_server_optimizers[index]->name : NULL;
}

static const char *local_optimizer_name(size_t index)
{
    return rog_local_optimizers[index].name;
}

/* Finds the index of the name in `setting`; `next` returns all names. */
static int find(const struct rog_json *settings, const char *setting, const char *(*next)(size_t),
                size_t *index, struct rog_error *err)
{
    const char *wanted = text_of(settings, setting), *name;
    char names[256] = "";
    for (*index = 0; (name = next(*index)); ++*index) {
        if (strcmp(name, wanted) == 0)
            return 0;
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", name);
    }
    return rog_fail(err, ROG_EINVAL, "%s is \"%s\"; allowed: %s", setting, wanted, names);
}

static int find_optimizers(struct rog_parts *parts, const struct rog_json *settings,
                           struct rog_error *err)
{
    size_t server = 0, local = 0;
    int code = find(settings, "server_optimizer", server_optimizer_name, &server, err);
    if (!code)
        code = find(settings, "local_optimizer", local_optimizer_name, &local, err);
    if (code)
        return code;
    parts->server_optimizer = rog_server_optimizers[server];
    parts->local_optimizer = &rog_local_optimizers[local];
    parts->chosen[ROG_PART_SERVER_OPTIMIZER] = (struct rog_part_choice){
        .owner = parts->server_optimizer->name, .table = parts->server_optimizer->parameters};
    parts->chosen[ROG_PART_LOCAL_OPTIMIZER] = (struct rog_part_choice){
        .owner = parts->local_optimizer->name, .table = parts->local_optimizer->parameters};
    return 0;
}

static size_t bytes_of(const struct rog_parts *parts, enum rog_part part)
{
    const size_t bytes[ROG_PARTS] = {
        [ROG_PART_PUSH_CODEC] = parts->push_codec->parameter_bytes,
        [ROG_PART_PULL_CODEC] = parts->pull_codec->parameter_bytes,
        [ROG_PART_SERVER_OPTIMIZER] = parts->server_optimizer->parameter_bytes,
        [ROG_PART_LOCAL_OPTIMIZER] = parts->local_optimizer->parameter_bytes,
    };
    return bytes[part];
}

/* Returns the parameters given for a part; pulls with the codec of pushes have its parameters,
 * too. */
static const struct rog_json *given(const struct rog_parts *parts, enum rog_part part,
                                    const struct rog_json *settings)
{
    const struct rog_json *group = rog_json_get(settings, settings_of[part].parameters);
    if (!group && part == ROG_PART_PULL_CODEC && parts->pull_codec == parts->push_codec)
        group = rog_json_get(settings, settings_of[ROG_PART_PUSH_CODEC].parameters);
    return group;
}

void rog_parts_release(struct rog_parts *parts)
{
    for (enum rog_part part = 0; part < ROG_PARTS; part++) {
        rog_json_free(parts->chosen[part].values);
        free(parts->chosen[part].parameters);
    }
    rog_plugin_release(&parts->plugin[ROG_PART_PUSH_CODEC]);
    rog_plugin_release(&parts->plugin[ROG_PART_PULL_CODEC]);
    *parts = (struct rog_parts){0};
}

/* ---- writing settings ---- */

static bool pulls_are_as_pushes(const struct rog_parts *parts)
{
    if (parts->push_codec != parts->pull_codec)
        return false;
    const struct rog_json *pushed = parts->chosen[ROG_PART_PUSH_CODEC].values;
    const struct rog_json *pulled = parts->chosen[ROG_PART_PULL_CODEC].values;
    if (!pushed && !pulled)
        return true;
    char *push = rog_json_text_sorted(pushed), *pull = rog_json_text_sorted(pulled);
    bool same = push && pull && strcmp(push, pull) == 0;
    free(push);
    free(pull);
    return same;
}

int rog_parts_put(const struct rog_parts *parts, bool only_chosen, struct rog_json *settings,
                  struct rog_error *err)
{
    bool alike = pulls_are_as_pushes(parts);
    if (alike)
        rog_json_remove(settings, settings_of[ROG_PART_PULL_CODEC].name);
    int code = 0;
    for (enum rog_part part = 0; !code && part < ROG_PARTS; part++) {
        const struct rog_part_choice *chosen = &parts->chosen[part];
        struct rog_json *values = NULL;
        rog_json_remove(settings, settings_of[part].parameters);
        if (!chosen->values || (part == ROG_PART_PULL_CODEC && alike))
            continue;
        if (only_chosen)
            code =
                rog_parameters_chosen(chosen->table, chosen->owner, chosen->values, &values, err);
        else if (!(values = rog_json_copy(chosen->values)))
            code = rog_fail_nomem(err);
        if (values)
            rog_json_put(settings, settings_of[part].parameters, values);
    }
    return code;
}

/* ---- reading settings ---- */

/* Settings with their default are left out before combinations are checked. */
static int check_combination(const struct rog_parts *parts, const struct rog_json *settings,
                             struct rog_error *err)
{
    struct rog_json *chosen = rog_json_copy(settings);
    int code = chosen ? rog_parts_put(parts, true, chosen, err) : rog_fail_nomem(err);
    rog_settings_leave_out(rog_run_settings, ROG_SETTING_LEFT_OUT, chosen);
    if (!code)
        code = rog_parts_check_combination(chosen, err);
    rog_json_free(chosen);
    return code;
}

int rog_parts_init(struct rog_parts *parts, const struct rog_json *settings, struct rog_error *err)
{
    *parts = (struct rog_parts){0};
    rog_contribution_read(&parts->contribution, settings);
    int code = find_codecs(parts, settings, err);
    if (!code)
        code = find_optimizers(parts, settings, err);
    for (enum rog_part part = 0; !code && part < ROG_PARTS; part++) {
        struct rog_part_choice *chosen = &parts->chosen[part];
        code = rog_parameters_make(chosen->table, bytes_of(parts, part), chosen->owner,
                                   given(parts, part, settings), &chosen->values,
                                   &chosen->parameters, err);
        if (code)
            rog_fail_prefix(err, "%s", settings_of[part].parameters);
    }
    return code ? code : check_combination(parts, settings, err);
}

/* ---- all parts ---- */

struct rog_part_kind rog_parts_codec(const struct rog_codec *codec)
{
    return (struct rog_part_kind){settings_of[ROG_PART_PUSH_CODEC].name,
                                  settings_of[ROG_PART_PUSH_CODEC].parameters, codec->name,
                                  codec->summary, codec->parameters};
}

int rog_parts_each(int (*visit)(const struct rog_part_kind *kind, void *user), void *user)
{
    int code = 0;
    for (const struct rog_codec *const *codec = rog_codecs; !code && *codec; codec++) {
        const struct rog_part_kind kind = rog_parts_codec(*codec);
        code = visit(&kind, user);
    }
    const struct rog_server_optimizer *const *server = rog_server_optimizers;
    for (; !code && *server; server++) {
        const struct rog_part_kind kind = {settings_of[ROG_PART_SERVER_OPTIMIZER].name,
                                           settings_of[ROG_PART_SERVER_OPTIMIZER].parameters,
                                           (*server)->name, (*server)->summary,
                                           (*server)->parameters};
        code = visit(&kind, user);
    }
    for (const struct rog_local_optimizer *local = rog_local_optimizers; !code && local->name;
         local++) {
        const struct rog_part_kind kind = {settings_of[ROG_PART_LOCAL_OPTIMIZER].name,
                                           settings_of[ROG_PART_LOCAL_OPTIMIZER].parameters,
                                           local->name, local->summary, local->parameters};
        code = visit(&kind, user);
    }
    return code;
}
