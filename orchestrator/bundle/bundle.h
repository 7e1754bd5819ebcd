/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_BUNDLE_H
#define ROG_BUNDLE_BUNDLE_H

/*
 * A case with all that belongs to it, for whoever evaluates an artifact:
 *     README.md                   what is here, and what to do with it
 *     manifest.json               every file with size and SHA-256; inputs that are left out
 *     ro-crate-metadata.json      the same for programs: a Process Run Crate (RO-Crate 1.1)
 *     results.db, results.runs/   the case's part of the database; event streams and configurations
 *     figures/, report.json
 *     experiment/                 experiment, cluster and profiles, which make the runs again;
 *                                 experiment-2/ ... where they do not fit into one
 *     inputs/                     what they read: traces, plugins with their sources, ...
 *     environment.json            versions, and the machine that it was made on
 *     again.sh
 * The same case gives the same bytes, on one machine.
 */

#include <orchestrator/bundle/options.h>
#include <orchestrator/store/db.h>

/* Into an empty folder, which is made. ROG_ENOTFOUND for an unknown case or one without finished
 * runs. */
int rog_bundle_make(struct rog_db *db, const char *case_name, const char *folder,
                    const struct rog_bundle_options *options, struct rog_error *err);

/* The same as a file, FILE.tar.zst or FILE.zip, which appears whole or not at all. */
int rog_bundle_pack(struct rog_db *db, const char *case_name, const char *file,
                    const struct rog_bundle_options *options, struct rog_error *err);

#endif
