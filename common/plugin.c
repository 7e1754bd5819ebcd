/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and loads plugins. */
#include <common/plugin.h>

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <common/ran_out.h>
#include <common/parameters.h>
#include <common/plugin_kinds.h>
#include <common/settings.h>

#define NAME_BYTES 64

static int take(struct rog_plugin *plugin, enum rog_plugin_kind kind, const void *exported,
                struct rog_error *err)
{
    void *copy = NULL;
    int code = rog_plugin_kind_take(kind, exported, plugin->path, &copy, err);
    if (kind == ROG_PLUGIN_STRATEGY)
        plugin->strategy = copy;
    else
        plugin->codec = copy;
    return code;
}

/* Takes the export of the first kind, from `kind` to `end` - 1, that the plugin has. */
static int take_any(struct rog_plugin *plugin, unsigned kind, unsigned end, struct rog_error *err)
{
    for (unsigned any = kind; any < end; any++) {
        const void *exported = dlsym(plugin->handle, rog_plugin_kind_symbol(any));
        if (exported)
            return take(plugin, any, exported, err);
    }
    if (end > kind + 1)
        return rog_fail(err, ROG_EABI, "%s is not a plugin: it exports neither %s nor %s",
                        plugin->path, rog_plugin_kind_symbol(kind),
                        rog_plugin_kind_symbol(end - 1));
    return rog_fail(err, ROG_EABI, "%s is not a %s plugin: it does not export %s", plugin->path,
                    rog_plugin_kind_name(kind), rog_plugin_kind_symbol(kind));
}

static int load_shared(struct rog_plugin *plugin, const char *path, unsigned kind, unsigned end,
                       struct rog_error *err)
{
    plugin->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->handle) /* the linker does not always report that memory ran out */
        plugin->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->handle && rog_ran_out_now())
        return rog_fail_nomem(err);
    if (!plugin->handle)
        return rog_fail(err, ROG_EABI, "cannot load plugin: %s", dlerror());
    return take_any(plugin, kind, end, err);
}

static int load_python(struct rog_plugin *plugin, const char *path, unsigned kind,
                       struct rog_error *err)
{
    const struct rog_strategy *strategy;
    if (kind > ROG_PLUGIN_STRATEGY)
        return rog_fail(err, ROG_EABI,
                        "%s is not a %s plugin: only strategies can be written in Python", path,
                        rog_plugin_kind_name(kind));
    int code = rog_python_new(&plugin->python, path, &strategy, err);
    return code ? code : take(plugin, ROG_PLUGIN_STRATEGY, strategy, err);
}

static int load(struct rog_plugin *plugin, const char *path, unsigned kind, unsigned end,
                struct rog_error *err)
{
    *plugin = (struct rog_plugin){.path = rog_strdup(path)};
    int code = !plugin->path              ? rog_fail_nomem(err)
               : rog_python_is_file(path) ? load_python(plugin, path, kind, err)
                                          : load_shared(plugin, path, kind, end, err);
    if (code)
        rog_plugin_release(plugin);
    return code;
}

void rog_plugin_release(struct rog_plugin *plugin)
{
    if (plugin->handle)
        dlclose(plugin->handle);
    rog_python_free(plugin->python);
    free(plugin->path);
    free(plugin->codec);
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
    int code = rog_parameters_make(strategy->parameters, strategy->parameter_bytes, strategy->name,
                                   given, &plugin->values, &plugin->parameters, err);
    if (!code && plugin->python)
        code = rog_python_attach(plugin->python, &plugin->parameters, err);
    return code;
}

int rog_plugin_search_path(char **path, struct rog_error *err)
{
    struct rog_error cause = {0};
    char *installed = rog_install_path("lib/rog/plugins", &cause);
    if (!installed)
        return rog_fail_again(err, &cause);
    const char *extra = getenv("ROG_PLUGIN_PATH");
    *path = extra && extra[0] ? rog_format("%s:%s", extra, installed) : rog_strdup(installed);
    free(installed);
    return *path ? 0 : rog_fail_nomem(err);
}

char *rog_plugin_missing_folder(void)
{
    const char *extra = getenv("ROG_PLUGIN_PATH");
    char *path = extra ? rog_strdup(extra) : NULL, *rest = NULL, *missing = NULL;
    struct stat info;
    for (char *folder = path ? strtok_r(path, ":", &rest) : NULL; folder && !missing;
         folder = strtok_r(NULL, ":", &rest))
        if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
            missing = rog_strdup(folder);
    free(path);
    return missing;
}

/* Returns whether the folder is that of the built-in plugins. */
static bool is_own_folder(const char *folder)
{
    char *installed = rog_install_path("lib/rog/plugins", NULL);
    char *real_installed = installed ? rog_path_real(installed) : NULL;
    char *real_folder = rog_path_real(folder);
    bool same = real_installed && real_folder && strcmp(real_installed, real_folder) == 0;
    free(installed);
    free(real_installed);
    free(real_folder);
    return same;
}

bool rog_plugin_is_installed(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? rog_format("%.*s", (int)(slash - path), path) : rog_strdup(".");
    bool is_installed = folder && is_own_folder(folder);
    free(folder);
    return is_installed;
}

static int is_plugin_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return (length > 3 && !strcmp(entry->d_name + length - 3, ".so")) ||
           rog_python_is_file(entry->d_name);
}

struct visit {
    rog_plugin_visit call;
    void *user;
};

int rog_plugin_look_at(const char *path, rog_plugin_visit visit, void *user)
{
    struct rog_plugin plugin;
    struct rog_error cause;
    int loaded = load(&plugin, path, 0, ROG_PLUGIN_KINDS, &cause);
    int code = visit(path, &plugin, loaded ? cause.message : NULL, user);
    rog_plugin_release(&plugin);
    return code;
}

static int visit_folder(const char *folder, const struct visit *visit, struct rog_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_plugin_file, alphasort);
    int code = 0;
    if (count < 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
        code = rog_fail(err, ROG_EIO, "cannot read the folder %s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *path = code ? NULL : rog_path_join(folder, entries[i]->d_name);
        if (!code && !path)
            code = rog_fail_nomem(err);
        if (path && (!rog_python_is_file(path) || rog_python_has_strategy(path)))
            code = rog_plugin_look_at(path, visit->call, visit->user);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return code;
}

int rog_plugin_each(rog_plugin_visit visit, void *user, struct rog_error *err)
{
    struct visit each = {visit, user};
    char *path = NULL, *rest = NULL;
    int code = rog_plugin_search_path(&path, err);
    if (code)
        return code;
    for (char *folder = strtok_r(path, ":", &rest); folder && !code;
         folder = strtok_r(NULL, ":", &rest))
        if (!*rest || !is_own_folder(folder)) /* otherwise it comes again as the last one */
            code = visit_folder(folder, &each, err);
    free(path);
    return code;
}

struct found {
    char names[512]; /* each ends with a NUL, the last one with two */
    size_t used;
};

static int add_found(const char *path, const struct rog_plugin *plugin, const char *load_error,
                     void *user)
{
    struct found *found = user;
    (void)path;
    if (load_error || !plugin->strategy)
        return 0;
    size_t bytes = strlen(plugin->strategy->name) + 1;
    if (found->used + bytes < sizeof found->names) {
        memcpy(found->names + found->used, plugin->strategy->name, bytes);
        found->used += bytes;
    }
    return 0;
}

static const char *found_name(const void *list, size_t index)
{
    const struct found *found = list;
    const char *name = found->names;
    while (*name && index--)
        name += strlen(name) + 1;
    return *name ? name : NULL;
}

static void list_found(const struct found *found, char *text, size_t bytes)
{
    const char *name;
    snprintf(text, bytes, "none");
    for (size_t i = 0, used = 0; (name = found_name(found, i)) && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? ", " : "", name);
}

/* Converts a name to a file name: letters, digits, '-' and '_' only. */
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
    struct found found = {.used = 0};
    char list[2 * sizeof found.names];
    int code = rog_plugin_each(add_found, &found, err);
    if (code)
        return code;
    const char *near = rog_nearest_name(library, found_name, &found);
    char *missing = rog_plugin_missing_folder();
    list_found(&found, list, sizeof list);
    code =
        rog_fail(err, ROG_EINVAL,
                 "no plugin provides the library \"%s\"%s%s%s; found: %s (ROG_PLUGIN_PATH %s%s)",
                 library, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", list,
                 missing ? "names a folder that does not exist: " : "adds folders to search",
                 missing ? missing : "");
    free(missing);
    return code;
}

/* Returns the file of that name in a folder; NULL if there is none, or out of memory (*code). */
static char *file_in(const char *folder, const char *name, int *code)
{
    static const char *const endings[] = {".so", ".py"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *file = rog_format("%s/%s%s", folder, name, endings[i]);
        if (!file)
            *code = ROG_ENOMEM;
        if (!file || rog_file_exists(file))
            return file;
        free(file);
    }
    return NULL;
}

/* Returns ROG_ENOTFOUND, without a message, if no folder has a plugin with that name. */
static int find(struct rog_plugin *plugin, const char *wanted, enum rog_plugin_kind kind,
                struct rog_error *err)
{
    char name[NAME_BYTES];
    *plugin = (struct rog_plugin){0};
    if (strchr(wanted, '/') || rog_python_is_file(wanted))
        return load(plugin, wanted, kind, kind + 1u, err);
    if (!lower_name(wanted, name))
        return ROG_ENOTFOUND;
    char *path = NULL, *rest = NULL;
    int code = rog_plugin_search_path(&path, err);
    if (code)
        return code;
    code = ROG_ENOTFOUND;
    for (char *folder = strtok_r(path, ":", &rest); folder && code == ROG_ENOTFOUND;
         folder = strtok_r(NULL, ":", &rest)) {
        char *file = file_in(folder, name, &code);
        if (file)
            code = load(plugin, file, kind, kind + 1u, err);
        else if (code == ROG_ENOMEM)
            rog_fail_nomem(err);
        free(file);
    }
    free(path);
    return code;
}

int rog_plugin_load(struct rog_plugin *plugin, const char *library, struct rog_error *err)
{
    int code = find(plugin, library, ROG_PLUGIN_STRATEGY, err);
    return code == ROG_ENOTFOUND ? fail_not_found(library, err) : code;
}

int rog_plugin_load_codec(struct rog_plugin *plugin, const char *name, struct rog_error *err)
{
    return find(plugin, name, ROG_PLUGIN_CODEC, err);
}
