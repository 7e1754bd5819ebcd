/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the settings of curves that a command line gives. */
#include <orchestrator/curve_options.h>

#include <orchestrator/curves/rule.h>

static void take(const struct rog_cli *cli, const struct rog_setting *setting,
                 struct rog_json *options)
{
    const char *name = setting->option ? setting->option : setting->name;
    if (!rog_cli_given(cli, name))
        return;
    switch (setting->type) {
    case ROG_SETTING_STRING:
        rog_json_put_string(options, setting->name, rog_cli_string(cli, name));
        break;
    case ROG_SETTING_INT:
        rog_json_put_integer(options, setting->name, rog_cli_int(cli, name));
        break;
    default:
        rog_json_put_bool(options, setting->name, rog_cli_flag(cli, name));
    }
}

struct rog_json *rog_curve_options(const struct rog_cli *cli)
{
    struct rog_json *options = rog_json_object();
    if (options && rog_cli_flag(cli, "as-published"))
        rog_json_put_string(options, "smooth", ROG_SMOOTHING_PUBLISHED);
    for (const struct rog_setting *setting = rog_curve_settings; options && setting->name;
         setting++)
        take(cli, setting, options);
    return options;
}
