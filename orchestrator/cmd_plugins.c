/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl plugins: lists strategies that are found. */
#include <orchestrator/commands.h>

#include <common/plugin.h>
#include <common/settings.h>
#include <orchestrator/output.h>

static int add_plugin(const char *path, const struct rog_strategy *strategy, const char *load_error,
                      void *user)
{
    struct rog_json *plugin = rog_json_object();
    if (strategy && !load_error) {
        struct rog_json *threshold = rog_json_object();
        rog_json_put_integer(threshold, "min", strategy->threshold_min);
        rog_json_put_integer(threshold, "max", strategy->threshold_max);
        rog_json_put_integer(threshold, "default", strategy->threshold_default);
        rog_json_put_string(threshold, "help", strategy->threshold_help);
        rog_json_put_string(plugin, "library", strategy->name);
        rog_json_put_string(plugin, "version", strategy->version);
        rog_json_put_string(plugin, "summary", strategy->summary);
        rog_json_put(plugin, "threshold", threshold);
    } else {
        rog_json_put_string(plugin, "error", load_error);
    }
    rog_json_put_string(plugin, "path", path);
    rog_json_append(user, plugin);
    return 0;
}

static int print_table(const struct rog_json *plugins, struct rog_error *err)
{
    struct rog_table *table = rog_table_new("library|version|thresholds|>default|summary|path");
    for (size_t i = 0; i < rog_json_size(plugins); i++) {
        const struct rog_json *plugin = rog_json_at(plugins, i);
        const struct rog_json *threshold = rog_json_get(plugin, "threshold");
        const char *error = rog_json_get_string(plugin, "error", NULL);
        rog_table_cell(table, "%s", rog_json_get_string(plugin, "library", "-"));
        rog_table_cell(table, "%s", rog_json_get_string(plugin, "version", "-"));
        if (threshold) {
            char max[ROG_THRESHOLD_TEXT_BYTES];
            rog_table_cell(table, "%lld to %s",
                           (long long)rog_json_get_integer(threshold, "min", 0),
                           rog_threshold_text(rog_json_get_integer(threshold, "max", 0), max));
            rog_table_cell(table, "%lld", (long long)rog_json_get_integer(threshold, "default", 0));
        } else {
            rog_table_cell(table, "-");
            rog_table_cell(table, "-");
        }
        rog_table_cell(table, "%s", error ? error : rog_json_get_string(plugin, "summary", ""));
        rog_table_cell(table, "%s", rog_json_get_string(plugin, "path", ""));
    }
    return rog_table_print(table, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_json *plugins = rog_json_array();
    int code = plugins ? rog_plugin_each(add_plugin, plugins, err) : rog_fail_nomem(err);
    if (code == 0 && rog_json_size(plugins) == 0)
        code = rog_fail(err, ROG_ENOTFOUND,
                        "no plugins; they are looked for in $ROG_PLUGIN_PATH and in "
                        "lib/rog/plugins beside this program's bin");
    else if (code == 0 && !rog_cli_flag(cli, "json"))
        code = print_table(plugins, err);
    if (code == 0 && rog_cli_flag(cli, "json"))
        return rog_print_json(plugins, err);
    rog_json_free(plugins);
    return code;
}

const struct rog_command rog_cmd_plugins = {
    .name = "plugins",
    .usage = "",
    .summary = "List the strategy plugins that are found, with versions and thresholds",
    .run = run,
};
