/* SPDX-License-Identifier: Apache-2.0 */
/* Strategy plugins: where they lie, and what is checked before one is used. */
#include <common/plugin.h>

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/parameters.h>
#include <common/settings.h>

#define NAME_BYTES 64

/* Since which version a strategy may have no plans. */
#define PLANS_OPTIONAL 4

/* The hooks without which a strategy cannot be used. */
static const char *missing_hook(const struct rog_strategy *strategy)
{
    bool plans = strategy->abi_version < PLANS_OPTIONAL;
    const struct {
        const char *name;
        bool present;
    } required[] = {
        {"name", strategy->name && strategy->name[0]},
        {"version", strategy->version != NULL},
        {"summary", strategy->summary != NULL},
        {"threshold_help", strategy->threshold_help != NULL},
        {"plan_push", strategy->plan_push || !plans},
        {"admit", strategy->admit != NULL},
        {"plan_pull", strategy->plan_pull || !plans},
    };
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!required[i].present)
            return required[i].name;
    return NULL;
}

/* What a strategy of each version of the interface has. */
static const size_t version_bytes[] = {
    [1] = offsetof(struct rog_strategy, staleness_bound),
    [2] = offsetof(struct rog_strategy, save),
    [3] = offsetof(struct rog_strategy, grant),
    [4] = offsetof(struct rog_strategy, weigh),
    [ROG_STRATEGY_ABI] = sizeof(struct rog_strategy),
};

/* Whether the plugin's strategy, of which only the first two members are known to be there, can be
 * read. */
static int check_version(const struct rog_strategy *exported, const char *path,
                         struct rog_error *err)
{
    if (exported->abi_version < 1 || exported->abi_version > ROG_STRATEGY_ABI)
        return rog_fail(err, ROG_EABI,
                        "plugin %s is made for version %u of the strategy interface, this program "
                        "has versions 1 to %d: compile it again with this version's "
                        "<rog/strategy.h>",
                        path, exported->abi_version, ROG_STRATEGY_ABI);
    size_t least = version_bytes[exported->abi_version];
    if (exported->struct_size < least)
        return rog_fail(err, ROG_EABI,
                        "plugin %s: its strategy has %u bytes, version %u of the interface has "
                        "%zu: compile it again with this version's <rog/strategy.h>",
                        path, exported->struct_size, exported->abi_version, least);
    return 0;
}

static int check_contents(const struct rog_strategy *strategy, const char *path,
                          struct rog_error *err)
{
    const char *missing = missing_hook(strategy);
    if (missing)
        return rog_fail(err, ROG_EABI, "plugin %s has no %s, which every strategy must have", path,
                        missing);
    if (strategy->threshold_min > strategy->threshold_max ||
        strategy->threshold_default < strategy->threshold_min ||
        strategy->threshold_default > strategy->threshold_max)
        return rog_fail(err, ROG_EABI, "plugin %s: its default threshold is outside its own range",
                        path);
    if (!strategy->save != !strategy->load)
        return rog_fail(err, ROG_EABI, "plugin %s has %s and no %s: a strategy has both or none",
                        path, strategy->save ? "save" : "load", strategy->save ? "load" : "save");
    int code = rog_parameters_check_table(strategy->parameters, strategy->parameter_bytes,
                                          strategy->name, err);
    if (code)
        rog_fail_prefix(err, "plugin %s", path);
    return code;
}

/* Copies what its version has, and nothing that stands behind that. */
static int take_strategy(struct rog_plugin *plugin, const struct rog_strategy *exported,
                         struct rog_error *err)
{
    int code = check_version(exported, plugin->path, err);
    if (code)
        return code;
    plugin->strategy = calloc(1, sizeof *plugin->strategy);
    if (!plugin->strategy)
        return rog_fail_nomem(err);
    memcpy(plugin->strategy, exported, version_bytes[exported->abi_version]);
    return check_contents(plugin->strategy, plugin->path, err);
}

int rog_plugin_load_path(struct rog_plugin *plugin, const char *path, struct rog_error *err)
{
    *plugin = (struct rog_plugin){0};
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return rog_fail(err, ROG_EABI, "cannot load plugin: %s", dlerror());

    int code = 0;
    plugin->handle = handle;
    plugin->path = strdup(path);
    const struct rog_strategy *exported = dlsym(handle, ROG_STRATEGY_SYMBOL);
    if (!plugin->path)
        code = rog_fail_nomem(err);
    else if (!exported)
        code = rog_fail(err, ROG_EABI, "%s is not a strategy plugin: it does not export %s", path,
                        ROG_STRATEGY_SYMBOL);
    else
        code = take_strategy(plugin, exported, err);
    if (code)
        rog_plugin_release(plugin);
    return code;
}

void rog_plugin_release(struct rog_plugin *plugin)
{
    if (plugin->handle)
        dlclose(plugin->handle);
    free(plugin->path);
    free(plugin->strategy);
    free(plugin->parameters);
    rog_json_free(plugin->values);
    *plugin = (struct rog_plugin){0};
}

int rog_plugin_check_threshold(const struct rog_plugin *plugin, long long threshold,
                               struct rog_error *err)
{
    const struct rog_strategy *strategy = plugin->strategy;
    if (threshold >= strategy->threshold_min && threshold <= strategy->threshold_max)
        return 0;
    char found[ROG_THRESHOLD_TEXT_BYTES];
    rog_threshold_text(threshold, found);
    if (strategy->threshold_min == strategy->threshold_max)
        return rog_fail(err, ROG_EINVAL, "%s takes threshold %d only, not %s (%s)", strategy->name,
                        strategy->threshold_min, found, strategy->threshold_help);
    char max[ROG_THRESHOLD_TEXT_BYTES];
    return rog_fail(err, ROG_EINVAL, "%s takes thresholds from %d to %s, not %s (%s)",
                    strategy->name, strategy->threshold_min,
                    rog_threshold_text(strategy->threshold_max, max), found,
                    strategy->threshold_help);
}

int rog_plugin_configure(struct rog_plugin *plugin, const struct rog_json *given,
                         struct rog_error *err)
{
    const struct rog_strategy *strategy = plugin->strategy;
    free(plugin->parameters);
    rog_json_free(plugin->values);
    return rog_parameters_make(strategy->parameters, strategy->parameter_bytes, strategy->name,
                               given, &plugin->values, &plugin->parameters, err);
}

/* The search path, ':' separated, in heap memory. */
static char *search_path(struct rog_error *err)
{
    char *installed = rog_install_path("lib/rog/plugins", err);
    if (!installed)
        return NULL;
    const char *extra = getenv("ROG_PLUGIN_PATH");
    char *path = extra && extra[0] ? rog_format("%s:%s", extra, installed) : strdup(installed);
    free(installed);
    if (!path)
        rog_fail_nomem(err);
    return path;
}

bool rog_plugin_is_installed(const char *path)
{
    char *installed = rog_install_path("lib/rog/plugins", NULL);
    const char *slash = strrchr(path, '/');
    char *folder = slash ? rog_format("%.*s", (int)(slash - path), path) : rog_strdup(".");
    char *real_installed = installed ? realpath(installed, NULL) : NULL;
    char *real_folder = folder ? realpath(folder, NULL) : NULL;
    bool same = real_installed && real_folder && strcmp(real_installed, real_folder) == 0;
    free(installed);
    free(folder);
    free(real_installed);
    free(real_folder);
    return same;
}

static int is_plugin_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 3 && !strcmp(entry->d_name + length - 3, ".so");
}

struct visit {
    int (*call)(const char *path, const struct rog_strategy *strategy, const char *load_error,
                void *user);
    void *user;
};

static int visit_folder(const char *folder, const struct visit *visit, struct rog_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_plugin_file, alphasort);
    int code = 0;
    for (int i = 0; i < count; i++) {
        char *path = code ? NULL : rog_path_join(folder, entries[i]->d_name);
        if (!code && !path)
            code = rog_fail_nomem(err);
        if (path) {
            struct rog_plugin plugin;
            struct rog_error cause;
            int loaded = rog_plugin_load_path(&plugin, path, &cause);
            code = visit->call(path, plugin.strategy, loaded ? cause.message : NULL, visit->user);
            rog_plugin_release(&plugin);
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
    return code;
}

int rog_plugin_each(int (*visit)(const char *path, const struct rog_strategy *strategy,
                                 const char *load_error, void *user),
                    void *user, struct rog_error *err)
{
    char *path = search_path(err);
    if (!path)
        return ROG_EFAILED;
    struct visit each = {visit, user};
    char *rest = NULL;
    int code = 0;
    for (char *folder = strtok_r(path, ":", &rest); folder && !code;
         folder = strtok_r(NULL, ":", &rest))
        code = visit_folder(folder, &each, err);
    free(path);
    return code;
}

struct found {
    char list[512];
};

static int add_found(const char *path, const struct rog_strategy *strategy, const char *load_error,
                     void *user)
{
    struct found *found = user;
    (void)path;
    if (load_error)
        return 0;
    size_t used = strlen(found->list);
    snprintf(found->list + used, sizeof found->list - used, "%s%s", used ? ", " : "",
             strategy->name);
    return 0;
}

/* Names become file names: letters, digits, '-' and '_' only. */
static bool lower_name(const char *library, char name[NAME_BYTES])
{
    size_t length = strlen(library);
    if (!length || length >= NAME_BYTES)
        return false;
    for (size_t i = 0; i <= length; i++) {
        unsigned char letter = (unsigned char)library[i];
        if (letter && !isalnum(letter) && letter != '-' && letter != '_')
            return false;
        name[i] = (char)tolower(letter);
    }
    return true;
}

static int fail_not_found(const char *library, struct rog_error *err)
{
    struct found found = {.list = ""};
    int code = rog_plugin_each(add_found, &found, err);
    if (code)
        return code;
    return rog_fail(
        err, ROG_EINVAL,
        "no plugin provides the library \"%s\"; found: %s (ROG_PLUGIN_PATH adds folders)", library,
        found.list[0] ? found.list : "none");
}

int rog_plugin_load(struct rog_plugin *plugin, const char *library, struct rog_error *err)
{
    *plugin = (struct rog_plugin){0};
    if (strchr(library, '/'))
        return rog_plugin_load_path(plugin, library, err);
    char name[NAME_BYTES];
    if (!lower_name(library, name))
        return fail_not_found(library, err);
    char *path = search_path(err);
    if (!path)
        return ROG_EFAILED;

    int code = ROG_ENOTFOUND;
    char *rest = NULL;
    for (char *folder = strtok_r(path, ":", &rest); folder && code == ROG_ENOTFOUND;
         folder = strtok_r(NULL, ":", &rest)) {
        char *file = rog_format("%s/%s.so", folder, name);
        if (!file)
            code = rog_fail_nomem(err);
        else if (rog_file_exists(file))
            code = rog_plugin_load_path(plugin, file, err);
        free(file);
    }
    free(path);
    return code == ROG_ENOTFOUND ? fail_not_found(library, err) : code;
}
