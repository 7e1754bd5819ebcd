/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PLUGIN_H
#define ROG_COMMON_PLUGIN_H

/*
 * Finding and loading strategy plugins.
 *
 * They are looked for in $ROG_PLUGIN_PATH (folders separated by ':'), then in
 * PREFIX/lib/rog/plugins. NAME.so in lower case provides library NAME. A name that contains a '/'
 * is a path.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>
#include <rog/strategy.h>

struct rog_plugin {
    void *handle;
    char *path;
    /* By rog_plugin_configure: the values of its parameters, and its struct of them; NULL where it
     * has none. */
    struct rog_json *values;
    void *parameters;
    struct rog_strategy *strategy; /* a copy of the plugin's; what a plugin of an earlier version
                                      of the interface lacks is 0 */
};

/* Loads the plugin for `library`, checks interface version, struct size and required hooks. What is
 * refused is closed again. An unknown library is ROG_EINVAL, the message lists those found. */
int rog_plugin_load(struct rog_plugin *plugin, const char *library, struct rog_error *err);
void rog_plugin_release(struct rog_plugin *plugin);

/* Loads by file name. */
int rog_plugin_load_path(struct rog_plugin *plugin, const char *path, struct rog_error *err);

/* Whether a plugin is in the folder of those that come with the program. */
bool rog_plugin_is_installed(const char *path);

/* Checks a threshold against the plugin's range; the message names both. */
int rog_plugin_check_threshold(const struct rog_plugin *plugin, long long threshold,
                               struct rog_error *err);

/* Fills the plugin's parameters from `given` (an object, or NULL), with the defaults of those that
 * it leaves out. ROG_EINVAL names what is not allowed. */
int rog_plugin_configure(struct rog_plugin *plugin, const struct rog_json *given,
                         struct rog_error *err);

/* Calls visit for every *.so found, in order of name, first folder first; `load_error` is NULL for
 * those that load. */
int rog_plugin_each(int (*visit)(const char *path, const struct rog_strategy *strategy,
                                 const char *load_error, void *user),
                    void *user, struct rog_error *err);

#endif
