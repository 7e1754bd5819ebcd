/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_INPUTS_INPUTS_H
#define ROG_INPUTS_INPUTS_H

/*
 * The files that a run reads: those that its settings name (ROG_SETTING_CONTENT), including those
 * of each worker, the files of a data folder one by one, the strategy's plugin, and the files of a
 * program. Planning, displaying and deploying runs all use this list.
 */

#include <stddef.h>

#include <common/hash.h>
#include <common/json.h>
#include <common/settings.h>
#include <orchestrator/inputs/content.h>
#include <rog/error.h>

struct rog_input {
    const struct rog_setting *setting; /* the setting of a run or worker that names it */
    char *path;                        /* absolute; for a program's file its name on the hosts */
    char sha256[ROG_SHA256_HEX_BYTES];
};

struct rog_inputs {
    struct rog_input *item; /* [count], in the order of the settings, each once */
    size_t count;
};

/*
 * Finds and hashes the files that a run with this configuration (absolute paths, "workers") reads.
 * `plugins`: the file for each setting that names a plugin, {"library": "/..."}. Files that its
 * workload never opens are left out. *identity is set to the configuration as it identifies the
 * run, for the caller to free: without settings that do not matter, and with file hashes instead of
 * names. ROG_EINVAL: a named file does not exist or cannot be read; the message names the setting.
 */
int rog_inputs_find(struct rog_inputs *inputs, const struct rog_json *config,
                    const struct rog_json *plugins, struct rog_contents *contents,
                    struct rog_json **identity, struct rog_error *err);
void rog_inputs_release(struct rog_inputs *inputs);

/* Returns the hash of the file at `path` that a setting of this name refers to; NULL: it is not in
 * the list. */
const char *rog_inputs_hash(const struct rog_inputs *inputs, const char *setting, const char *path);

/* ROG_EFAILED names a file that has changed since it was found, "... has changed since WHEN".
 * `setting`: only files of that setting; NULL: all. */
int rog_inputs_check(const struct rog_inputs *inputs, const char *setting, const char *when,
                     struct rog_contents *contents, struct rog_error *err);

/* Adds the paths of the files to the array, each once; those of a program are left out, as its text
 * is in the configuration. */
int rog_inputs_paths(const struct rog_inputs *inputs, struct rog_json *paths,
                     struct rog_error *err);

/* [{"setting", "path", "sha256"}] and back, NULL without memory. Files of settings that no longer
 * exist are left out. */
struct rog_json *rog_inputs_json(const struct rog_inputs *inputs);
int rog_inputs_from_json(struct rog_inputs *inputs, const struct rog_json *list,
                         struct rog_error *err);

/* Calls visit for each file of a data folder that is read, sorted by name: those in known formats,
 * not the archive that they came in. ROG_EIO: the folder cannot be read. */
int rog_inputs_each_data_file(const char *folder,
                              int (*visit)(const char *name, const char *path, void *user,
                                           struct rog_error *err),
                              void *user, struct rog_error *err);

#endif
