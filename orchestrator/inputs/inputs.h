/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_INPUTS_INPUTS_H
#define ROG_INPUTS_INPUTS_H

/*
 * The files that a run reads: those that its settings name (ROG_SETTING_CONTENT), of each worker
 * its own, the files of a data folder one by one, the strategy's plugin, and the files of a
 * program. What plans, shows and deploys runs has this list and no other.
 */

#include <stddef.h>

#include <common/hash.h>
#include <common/json.h>
#include <common/settings.h>
#include <orchestrator/inputs/content.h>
#include <rog/error.h>

struct rog_input {
    const struct rog_setting *setting; /* that names it, of a run or of a worker */
    char *path;                        /* absolute; of a program's file its name on the hosts */
    char sha256[ROG_SHA256_HEX_BYTES];
};

struct rog_inputs {
    struct rog_input *item; /* [count], in the order of the settings, each once */
    size_t count;
};

/*
 * Finds and hashes what a run of this configuration (absolute paths, "workers") reads. `plugins`:
 * of each setting that names a plugin the file of that, {"library": "/..."}. Files that its
 * workload never opens are left out.
 *
 * *identity becomes the configuration as it identifies the run, for the caller to free: without the
 * settings that are aside, and with what is in files in the place of their names.
 *
 * ROG_EINVAL: a file that is named is not there or cannot be read; the message names the setting.
 */
int rog_inputs_find(struct rog_inputs *inputs, const struct rog_json *config,
                    const struct rog_json *plugins, struct rog_contents *contents,
                    struct rog_json **identity, struct rog_error *err);
void rog_inputs_release(struct rog_inputs *inputs);

/* The hash of the file that a setting of this name has at `path`; NULL: it is none of them. */
const char *rog_inputs_hash(const struct rog_inputs *inputs, const char *setting, const char *path);

/* ROG_EFAILED names a file that is another than it was when it was found, "... has changed since
 * WHEN". `setting`: only files of that setting; NULL: all. */
int rog_inputs_check(const struct rog_inputs *inputs, const char *setting, const char *when,
                     struct rog_contents *contents, struct rog_error *err);

/* [{"setting", "path", "sha256"}] and back, without memory NULL. Files of settings that there are
 * none of any more are left out. */
struct rog_json *rog_inputs_json(const struct rog_inputs *inputs);
int rog_inputs_from_json(struct rog_inputs *inputs, const struct rog_json *list,
                         struct rog_error *err);

/* Calls visit for each file of a data folder that is read, sorted by name: those of the formats
 * that there are, not the archive that they came in. ROG_EIO: the folder cannot be read. */
int rog_inputs_each_data_file(const char *folder,
                              int (*visit)(const char *name, const char *path, void *user,
                                           struct rog_error *err),
                              void *user, struct rog_error *err);

#endif
