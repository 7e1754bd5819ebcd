/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PLUGIN_H
#define ROG_COMMON_PLUGIN_H

/*
 * Finding and loading plugins: strategies, and codecs that are not built in. They are searched in
 * $ROG_PLUGIN_PATH (folders separated by ':'), then in PREFIX/lib/rog/plugins. NAME.so in lower
 * case provides strategy or codec NAME, NAME.py a strategy in Python. A name that contains a '/' or
 * ends in .py is a path.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <common/plugin_python.h>
#include <rog/codec.h>
#include <rog/error.h>
#include <rog/strategy.h>

struct rog_plugin {
    void *handle; /* handle of a shared object */
    char *path;
    struct rog_python *python; /* for a strategy in Python; else NULL */
    /* Set by rog_plugin_configure: the values of its parameters, and its struct of parameters; NULL
     * if it has none. */
    struct rog_json *values;
    void *parameters;
    /* A copy of the exported struct, in one of these; members that are newer than its interface
     * version are 0. */
    struct rog_strategy *strategy;
    struct rog_codec *codec;
};

/* Loads the plugin for `library`, checks interface version, struct size and required hooks. A
 * rejected plugin is closed again. ROG_EINVAL: no plugin has this name; the message lists those
 * found. */
int rog_plugin_load(struct rog_plugin *plugin, const char *library, struct rog_error *err);
void rog_plugin_release(struct rog_plugin *plugin);

/* The same for a codec. ROG_ENOTFOUND, without a message: no plugin has this name. The caller
 * handles its parameters. */
int rog_plugin_load_codec(struct rog_plugin *plugin, const char *name, struct rog_error *err);

/* Returns whether a plugin is in the folder of the built-in plugins. */
bool rog_plugin_is_installed(const char *path);

/* Checks a threshold against the plugin's range; the message names both. */
int rog_plugin_check_threshold(const struct rog_plugin *plugin, long long threshold,
                               struct rog_error *err);

/* Sets the plugin's parameters from `given` (an object, or NULL), with defaults for the others.
 * ROG_EINVAL names what is not allowed. */
int rog_plugin_configure(struct rog_plugin *plugin, const struct rog_json *given,
                         struct rog_error *err);

typedef int (*rog_plugin_visit)(const char *path, const struct rog_plugin *plugin,
                                const char *load_error, void *user);
/* Calls visit for every *.so found, and every *.py that has a strategy, in order of name, first
 * folder first; `load_error` is NULL for those that can be loaded, of whatever kind. */
int rog_plugin_each(rog_plugin_visit visit, void *user, struct rog_error *err);
/* Sets *path to the folders that are searched, separated by ':'; heap memory. */
int rog_plugin_search_path(char **path, struct rog_error *err);
/* Returns the first folder of $ROG_PLUGIN_PATH that does not exist, which other functions skip;
 * heap memory, NULL if all exist. */
char *rog_plugin_missing_folder(void);
/* The same for a single file. */
int rog_plugin_look_at(const char *path, rog_plugin_visit visit, void *user);

#endif
