/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl plugins: lists strategies, codecs and optimizers with their parameters. */
#include <orchestrator/commands.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/meant.h>
#include <common/parameters.h>
#include <common/plugin.h>
#include <common/settings.h>
#include <librog/parts/parts.h>
#include <orchestrator/terminal/output.h>

static struct rog_json *threshold_json(const struct rog_strategy *strategy)
{
    struct rog_json *threshold = rog_json_object();
    rog_json_put_integer(threshold, "min", strategy->threshold_min);
    rog_json_put_integer(threshold, "max", strategy->threshold_max);
    rog_json_put_integer(threshold, "default", strategy->threshold_default);
    rog_json_put_string(threshold, "help", strategy->threshold_help);
    return threshold;
}

static struct rog_json *parameters_json(const struct rog_parameter *row)
{
    struct rog_json *list = rog_json_array();
    for (; row && row->name; row++) {
        char text[256];
        struct rog_setting setting = rog_parameter_setting(row);
        struct rog_json *parameter = rog_json_object();
        rog_setting_describe(&setting, text, sizeof text);
        rog_json_put_string(parameter, "name", row->name);
        rog_json_put_string(parameter, "allowed", text);
        rog_json_put_string(parameter, "default", row->fallback);
        rog_json_put_string(parameter, "help", row->help);
        rog_json_append(list, parameter);
    }
    return list;
}

/* Returns which promises of a strategy `rogctl verify` checks in its runs. */
static struct rog_json *promises_json(const struct rog_strategy *strategy)
{
    const struct {
        const char *name;
        bool stated;
    } promises[] = {
        {"staleness_bound", strategy->staleness_bound != NULL},
        {"iteration_bound", strategy->iteration_bound != NULL},
        {"least_quorum", strategy->least_quorum != NULL},
        {"least_share", strategy->least_share != NULL},
        {"most_granted", strategy->most_granted != NULL},
    };
    struct rog_json *list = rog_json_array();
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
        if (promises[i].stated)
            rog_json_append(list, rog_json_new_string(promises[i].name));
    return list;
}

struct listed {
    const char *only; /* a library or file; NULL: all */
    struct rog_json *plugins;
};

static struct rog_json *part_json(const struct rog_part_kind *kind)
{
    struct rog_json *part = rog_json_object();
    rog_json_put_string(part, "setting", kind->setting);
    rog_json_put_string(part, "name", kind->name);
    rog_json_put_string(part, "summary", kind->summary);
    rog_json_put_string(part, "group", kind->parameters);
    rog_json_put(part, "parameters", parameters_json(kind->table));
    return part;
}

static bool is_asked_for(const struct listed *listed, const char *name)
{
    return !listed->only || (name && strcasecmp(name, listed->only) == 0);
}

static int add_part(const struct rog_part_kind *kind, void *user)
{
    const struct listed *listed = user;
    if (is_asked_for(listed, kind->name))
        rog_json_append(listed->plugins, part_json(kind));
    return 0;
}

static struct rog_json *strategy_json(const struct rog_strategy *strategy)
{
    struct rog_json *plugin = rog_json_object();
    rog_json_put_string(plugin, "library", strategy->name);
    rog_json_put_string(plugin, "version", strategy->version);
    rog_json_put_string(plugin, "summary", strategy->summary);
    rog_json_put(plugin, "threshold", threshold_json(strategy));
    rog_json_put(plugin, "parameters", parameters_json(strategy->parameters));
    rog_json_put_integer(plugin, "interface", strategy->abi_version);
    rog_json_put(plugin, "promises", promises_json(strategy));
    return plugin;
}

static struct rog_json *failure_json(const char *load_error)
{
    struct rog_json *plugin = rog_json_object();
    rog_json_put_string(plugin, "error", load_error);
    return plugin;
}

static int add_plugin(const char *path, const struct rog_plugin *plugin, const char *load_error,
                      void *user)
{
    const struct listed *listed = user;
    const char *name = load_error      ? NULL
                       : plugin->codec ? plugin->codec->name
                                       : plugin->strategy->name;
    if (!is_asked_for(listed, name))
        return 0;
    struct rog_json *found = load_error ? failure_json(load_error) : NULL;
    if (!load_error && plugin->strategy)
        found = strategy_json(plugin->strategy);
    if (!load_error && plugin->codec) {
        const struct rog_part_kind kind = rog_parts_codec(plugin->codec);
        found = part_json(&kind);
    }
    rog_json_put_string(found, "path", path);
    rog_json_append(listed->plugins, found);
    return 0;
}

static void threshold_cells(struct rog_table *table, const struct rog_json *threshold)
{
    char max[ROG_THRESHOLD_TEXT_BYTES];
    if (!threshold) {
        rog_table_cell(table, "-");
        rog_table_cell(table, "-");
        return;
    }
    long long least = rog_json_get_integer(threshold, "min", 0);
    long long most = rog_json_get_integer(threshold, "max", 0);
    if (least == most)
        rog_table_cell(table, "%lld only", least);
    else
        rog_table_cell(table, "%lld to %s", least, rog_threshold_text(most, max));
    rog_table_cell(table, "%lld", (long long)rog_json_get_integer(threshold, "default", 0));
}

static bool is_part(const struct rog_json *plugin)
{
    return rog_json_get(plugin, "setting");
}

static int print_strategies(const struct rog_json *plugins, struct rog_error *err)
{
    struct rog_table *table =
        rog_table_new("library|?2version|?4thresholds|>?3default|~summary|?1path");
    for (size_t i = 0; i < rog_json_size(plugins); i++) {
        const struct rog_json *plugin = rog_json_at(plugins, i);
        if (is_part(plugin))
            continue;
        const char *error = rog_json_get_string(plugin, "error", NULL);
        rog_table_cell(table, "%s", rog_json_get_string(plugin, "library", "-"));
        rog_table_cell(table, "%s", rog_json_get_string(plugin, "version", "-"));
        threshold_cells(table, rog_json_get(plugin, "threshold"));
        rog_table_cell(table, "%s", error ? error : rog_json_get_string(plugin, "summary", ""));
        rog_table_cell(table, "%s", rog_json_get_string(plugin, "path", ""));
    }
    return rog_table_print(table, err);
}

static int print_parts(const struct rog_json *plugins, struct rog_error *err)
{
    struct rog_table *table = rog_table_new("setting|value|~summary|?1path");
    for (size_t i = 0; i < rog_json_size(plugins); i++) {
        const struct rog_json *part = rog_json_at(plugins, i);
        if (!is_part(part))
            continue;
        rog_table_cell(table, "%s", rog_json_get_string(part, "setting", ""));
        rog_table_cell(table, "%s", rog_json_get_string(part, "name", ""));
        rog_table_cell(table, "%s", rog_json_get_string(part, "summary", ""));
        rog_table_cell(table, "%s", rog_json_get_string(part, "path", "-"));
    }
    return rog_table_print(table, err);
}

static void add_threshold(struct rog_table *table, const struct rog_json *threshold)
{
    rog_table_cell(table, "threshold");
    char text[ROG_THRESHOLD_TEXT_BYTES];
    long long min = rog_json_get_integer(threshold, "min", 0);
    long long max = rog_json_get_integer(threshold, "max", 0);
    if (min == max)
        rog_table_cell(table, "%lld only", min);
    else
        rog_table_cell(table, "a whole number from %lld to %s; default %lld", min,
                       rog_threshold_text(max, text),
                       (long long)rog_json_get_integer(threshold, "default", 0));
    rog_table_cell(table, "%s", rog_json_get_string(threshold, "help", ""));
}

static bool has_choices(const struct rog_json *plugins)
{
    for (size_t i = 0; i < rog_json_size(plugins); i++) {
        const struct rog_json *plugin = rog_json_at(plugins, i);
        if (rog_json_get(plugin, "threshold") || rog_json_size(rog_json_get(plugin, "parameters")))
            return true;
    }
    return false;
}

/* Prints the parameters of what is listed. */
static int print_choices(const struct rog_json *plugins, struct rog_error *err)
{
    if (!has_choices(plugins)) {
        rog_print("\nIt has no parameters.");
        return 0;
    }
    struct rog_table *table = rog_table_new("setting|~allowed|~meaning");
    for (size_t i = 0; i < rog_json_size(plugins); i++) {
        const struct rog_json *plugin = rog_json_at(plugins, i);
        const struct rog_json *threshold = rog_json_get(plugin, "threshold");
        const struct rog_json *parameters = rog_json_get(plugin, "parameters");
        if (threshold)
            add_threshold(table, threshold);
        for (size_t j = 0; j < rog_json_size(parameters); j++) {
            const struct rog_json *parameter = rog_json_at(parameters, j);
            rog_table_cell(table, "%s.%s", rog_json_get_string(plugin, "group", "parameters"),
                           rog_json_get_string(parameter, "name", ""));
            rog_table_cell(table, "%s", rog_json_get_string(parameter, "allowed", ""));
            rog_table_cell(table, "%s", rog_json_get_string(parameter, "help", ""));
        }
    }
    rog_print("%s", "");
    return rog_table_print(table, err);
}

/* Prints what each strategy is for, and its promises. */
static void print_promises(const struct rog_json *plugins)
{
    for (size_t i = 0; i < rog_json_size(plugins); i++) {
        const struct rog_json *plugin = rog_json_at(plugins, i);
        const struct rog_json *promises = rog_json_get(plugin, "promises");
        char text[256] = "";
        for (size_t j = 0; j < rog_json_size(promises); j++) {
            size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "",
                     rog_json_string(rog_json_at(promises, j), ""));
        }
        if (promises)
            rog_print(
                "\n"
                "Built for version %lld of the interface; promises checked by `rogctl verify`: %s.",
                (long long)rog_json_get_integer(plugin, "interface", 0),
                text[0] ? text : "nothing");
    }
}

static const char *next_plugin(const void *list, size_t index)
{
    const struct rog_json *plugin = rog_json_at(list, index);
    return plugin ? rog_json_get_string(plugin, "library", rog_json_get_string(plugin, "name", ""))
                  : NULL;
}

static int fail_none(const char *only, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES] = "";
    struct listed all = {.plugins = rog_json_array()};
    if (only && rog_plugin_each(add_plugin, &all, NULL) == 0 && rog_parts_each(add_part, &all) == 0)
        rog_meant(rog_nearest_name(only, next_plugin, all.plugins), meant);
    rog_json_free(all.plugins);
    if (only)
        return rog_fail(err, ROG_ENOTFOUND,
                        "no strategy, codec or optimizer is called \"%s\"%s; `rogctl plugins` "
                        "lists those found",
                        only, meant);
    return rog_fail(
        err, ROG_ENOTFOUND,
        "no plugins found in $ROG_PLUGIN_PATH or in lib/rog/plugins beside this program's bin");
}

static int look_everywhere(struct listed *listed, struct rog_error *err)
{
    char *missing = rog_plugin_missing_folder();
    if (missing)
        rog_warn(NULL, "ROG_PLUGIN_PATH names a folder that does not exist: %s", missing);
    free(missing);
    int code = rog_plugin_each(add_plugin, listed, err);
    size_t strategies = rog_json_size(listed->plugins);
    if (code == 0)
        code = rog_parts_each(add_part, listed);
    if (code == 0 && (listed->only ? rog_json_size(listed->plugins) : strategies) == 0)
        code = fail_none(listed->only, err);
    return code;
}

static bool is_file(const char *name)
{
    return name && (strchr(name, '/') || rog_python_is_file(name));
}

/* Adds the plugin that the command line names. */
static int look_at(struct listed *listed, struct rog_error *err)
{
    struct listed all = {.plugins = listed->plugins};
    int code = rog_plugin_look_at(listed->only, add_plugin, &all);
    const char *error = rog_json_get_string(rog_json_at(listed->plugins, 0), "error", NULL);
    return code == 0 && error ? rog_fail(err, ROG_EABI, "%s", error) : code;
}

/* Prints the list as tables. */
static int print(const struct listed *listed, struct rog_error *err)
{
    size_t strategies = 0, count = rog_json_size(listed->plugins);
    for (size_t i = 0; i < count; i++)
        strategies += !is_part(rog_json_at(listed->plugins, i));
    int code = strategies ? print_strategies(listed->plugins, err) : 0;
    if (code == 0 && strategies && strategies < count)
        rog_print("%s", "");
    if (code == 0 && strategies < count)
        code = print_parts(listed->plugins, err);
    if (code == 0 && listed->only)
        code = print_choices(listed->plugins, err);
    if (code == 0 && listed->only)
        print_promises(listed->plugins);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct listed listed = {rog_cli_arg(cli, 0), rog_json_array()};
    int code = !listed.plugins        ? rog_fail_nomem(err)
               : is_file(listed.only) ? look_at(&listed, err)
                                      : look_everywhere(&listed, err);
    if (code == 0 && rog_cli_flag(cli, "json"))
        return rog_print_json(listed.plugins, err);
    if (code == 0)
        code = print(&listed, err);
    rog_json_free(listed.plugins);
    return code;
}

const struct rog_command rog_cmd_plugins = {
    .name = "plugins",
    .usage = "[NAME|FILE]",
    .summary = "List the available strategies, codecs and optimizers",
    .details = "With NAME, also print what a run can set: the threshold of a strategy, and its\n"
               "parameters. FILE is the path of a plugin: ./mine.so, mine.py.",
    .max_args = 1,
    .run = run,
};
