/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_BUNDLE_H
#define ROG_BUNDLE_BUNDLE_H

/*
 * A case with everything that belongs to it, for artifact evaluation:
 *
 *   README.md                   the contents, and how to use them
 *   manifest.json               every file with size and SHA-256; inputs that are left out
 *   ro-crate-metadata.json      the same for programs: a Process Run Crate (RO-Crate 1.1)
 *   results.db, results.runs/   the case's part of the database; event streams and configurations
 *   figures/, report.json
 *   experiment/                 experiment, cluster and profiles that repeat the runs;
 *                               experiment-2/ ... if they do not fit into one
 *   inputs/                     what they read: traces, plugins with their sources, ...
 *   environment.json            versions, and the machine on which it was made
 *   again.sh
 *
 * The same case gives the same bytes, on one machine.
 */

#include <orchestrator/bundle/options.h>
#include <orchestrator/store/db.h>

/* Writes it into an empty folder, which is created. ROG_ENOTFOUND for an unknown case or one
 * without finished runs. */
int rog_bundle_make(struct rog_db *db, const char *case_name, const char *folder,
                    const struct rog_bundle_options *options, struct rog_error *err);

/* Writes it as a file, FILE.tar.zst or FILE.zip, which is created atomically. */
int rog_bundle_pack(struct rog_db *db, const char *case_name, const char *file,
                    const struct rog_bundle_options *options, struct rog_error *err);

#endif
