/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_TREE_H
#define ROG_BUNDLE_TREE_H

/* The files of a bundle while it is made; each is recorded with size and hash. */

#include <stdbool.h>
#include <stddef.h>

#include <common/hash.h>
#include <common/json.h>
#include <orchestrator/bundle/layout.h>
#include <orchestrator/bundle/options.h>
#include <orchestrator/report/report.h>

struct rog_bundle {
    struct rog_db *db; /* borrowed, like the next three */
    const char *folder;
    const char *case_name;
    const struct rog_bundle_options *options;
    struct rog_report report;
    struct rog_json *files;  /* [{path, size, sha256}] */
    struct rog_json *absent; /* [{path, source, sha256, why}]: inputs of which only the hash is
                              * included */
    struct rog_json *again;  /* [{folder, runs: [ID]}]: experiments that repeat the runs */
    struct rog_json *seen;   /* {path: true}: inputs that were already handled */
    struct rog_json *environment;
};

/* All paths are relative to the folder. */
int rog_bundle_add_text(struct rog_bundle *bundle, const char *path, const char *text, size_t size,
                        struct rog_error *err);
/* Takes ownership of the value. */
int rog_bundle_add_json(struct rog_bundle *bundle, const char *path, struct rog_json *value,
                        struct rog_error *err);
/* Adds a copy of a file. ROG_ENOTFOUND: it does not exist. */
int rog_bundle_add_file(struct rog_bundle *bundle, const char *path, const char *source,
                        struct rog_error *err);
/* Records a file that has been written into the folder. */
int rog_bundle_note_file(struct rog_bundle *bundle, const char *path, struct rog_error *err);

/* Makes a file executable. */
int rog_bundle_make_program(struct rog_bundle *bundle, const char *path, struct rog_error *err);

/* The path in a bundle of a file that a run read at an absolute path: "inputs/home/me/t.csv". Heap
 * memory; NULL for a path that is not absolute or leads upwards, or without memory. */
char *rog_bundle_input_path(const char *path);

/* Draws the figures of a case so that the same data always give the same bytes. */
int rog_bundle_draw(struct rog_db *db, const char *case_name, const char *folder,
                    struct rog_error *err);

#endif
