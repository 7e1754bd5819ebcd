/* SPDX-License-Identifier: Apache-2.0 */

/* Gets the promises of a run's strategy from its plugin. */

#include <orchestrator/check/promises.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/json.h>
#include <common/plugin.h>
#include <common/settings.h>

static void ask(struct rog_promises *promises, const struct rog_plugin *plugin,
                const struct rog_strategy_config *config)
{
    const struct rog_strategy *strategy = plugin->strategy;
    if (strategy->iteration_bound) {
        promises->most_ahead = strategy->iteration_bound(config);
        promises->ahead_bounded = promises->most_ahead >= 0;
    }
    if (strategy->least_quorum)
        promises->least_quorum = strategy->least_quorum(config);
    if (strategy->staleness_bound) {
        promises->bound = strategy->staleness_bound(config);
        promises->bounded = promises->bound >= 0;
    } else if (!strategy->iteration_bound && !strategy->least_quorum) {
        promises->no_bound = rog_format("%s states no staleness bound", strategy->name);
    }
    if (strategy->most_granted)
        promises->most_granted = strategy->most_granted(config);
    if (strategy->least_share)
        promises->least_share = strategy->least_share(config);
    else
        promises->no_share = rog_format("%s states no minimum share", strategy->name);
}

/* If the strategy fails to state its promises, none are checked. */
static void check_answers(struct rog_promises *promises, const struct rog_strategy *strategy,
                          const struct rog_strategy_config *config)
{
    const char *why = strategy->failure ? strategy->failure(NULL, config) : NULL;
    if (!why)
        return;
    rog_promises_release(promises);
    promises->no_bound = rog_format("%s: %s", strategy->name, why);
    promises->no_share = rog_strdup(promises->no_bound);
}

/* Loads the plugin by name only. A database may come from an untrusted source: plugins are only
 * searched in the user's and rogctl's own folders, never at a path that the database contains; and
 * if the run's plugin was given by a path, one with the same name need not be the same. */
static int load_by_name(struct rog_plugin *plugin, const char *library, const char *asked,
                        struct rog_error *err)
{
    const struct rog_setting *setting = rog_setting_find(rog_run_settings, "library");
    if (rog_setting_path(setting, library) || rog_setting_path(setting, asked))
        return rog_fail(
            err, ROG_EINVAL,
            "its plugin was given by a path, which is not opened; hint: run it by name, "
            "with its folder in ROG_PLUGIN_PATH");
    return rog_plugin_load(plugin, library, err);
}

/* *workers: raised to the number of configured workers. */
static int load(struct rog_plugin *plugin, const struct rog_run_row *row, bool *overlaps,
                size_t *workers, struct rog_error *err)
{
    struct rog_json *config = NULL;
    int code = row->config ? rog_json_parse(row->config, strlen(row->config), "its configuration",
                                            &config, err)
                           : 0;
    *overlaps = rog_json_get_bool(config, "overlap", false);
    size_t configured = rog_json_size(rog_json_get(config, "workers"));
    *workers = configured > *workers ? configured : *workers;
    if (code == 0)
        code = load_by_name(plugin, row->library,
                            rog_json_get_string(config, "library", row->library), err);
    if (code == 0)
        code = rog_plugin_check_threshold(plugin, row->threshold, err);
    if (code == 0)
        code = rog_plugin_configure(plugin, rog_json_get(config, "parameters"), err);
    rog_json_free(config);
    return code;
}

void rog_promises_find(struct rog_promises *promises, const struct rog_run_row *row, int64_t rows,
                       size_t workers)
{
    struct rog_plugin plugin = {0};
    struct rog_error cause = {0};
    bool overlaps = false;
    *promises = (struct rog_promises){0};
    if (load(&plugin, row, &overlaps, &workers, &cause) == 0) {
        const struct rog_strategy_config config = {.rows = rows > 0 ? (uint32_t)rows : 1,
                                                   .workers = workers > 0 ? (uint32_t)workers : 1,
                                                   .threshold = (int32_t)row->threshold,
                                                   .parameters = plugin.parameters,
                                                   .worker = ROG_NOBODY};
        ask(promises, &plugin, &config);
        check_answers(promises, plugin.strategy, &config);
    } else {
        promises->no_bound = rog_strdup(cause.message);
        promises->no_share = rog_strdup(cause.message);
    }
    promises->overlaps = overlaps;
    rog_plugin_release(&plugin);
}

void rog_promises_release(struct rog_promises *promises)
{
    free(promises->no_bound);
    free(promises->no_share);
    *promises = (struct rog_promises){0};
}
