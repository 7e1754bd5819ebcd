/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_DEPLOY_H
#define ROG_DEPLOY_DEPLOY_H

/*
 * Files on hosts, content-addressed. A host keeps in ROOT, rogctl's cache folder there
 * (${XDG_CACHE_HOME:-~/.cache}/rogctl),
 *
 *     objects/SHA256-MODE     every file once
 *     trees/SHA256/NAME...    trees of hard links to objects, named by their manifest's hash
 *     manifests/SHA256        lines "SHA256 MODE NAME", sorted by name
 *     marks/SHA256            when, since the host's last boot, the tree was found complete
 *     runs/                   folders of runs (rog-trainer host)
 *
 * Only missing objects are sent, compressed, in one stream. Each tree has an item
 * ROG_DEPLOY_UNPACKER, a program for the host (trainer/unpack) that decompresses what arrives,
 * computes its hash and creates the tree; if it is missing it is sent first. The host recomputes
 * the hashes of an existing tree if a file has changed or the host was rebooted since. Damaged
 * files are sent again. A tree appears at once or not at all, so several rogctl may deploy to a
 * host at a time. A host needs sh, coreutils, findutils and sed, and ROOT must be on a file system
 * with hard links.
 *
 * Threads: any number at once, each with its own connection.
 */

#include <stddef.h>
#include <stdint.h>

#include <orchestrator/hosts/connection.h>
#include <rog/error.h>

#define ROG_DEPLOY_UNPACKER "bin/rog-unpack"

struct rog_deploy_item {
    const char *source; /* a local file */
    const char *name;   /* its path in the tree: relative, no "..", no control characters */
    unsigned mode;      /* permissions; not writable, because the file is shared */
    const char *hash;   /* SHA-256 of the source if known; NULL: it is computed */
};

struct rog_deploy_report {
    size_t files;           /* that were sent */
    uint64_t bytes;         /* of these files */
    uint64_t bytes_on_link; /* the same, compressed */
};

/* *folder becomes the tree's absolute path on the host (heap memory); `report` may be NULL. Takes
 * one round trip if nothing has changed, otherwise two. Errors: ROG_EINVAL for invalid items or a
 * missing unpacker; ROG_ENOTFOUND or ROG_EIO if a source cannot be read, or there is no space to
 * compress it; ROG_EFAILED for the host (disk full, a tool missing, connection lost);
 * ROG_ENOMEM. */
int rog_deploy_tree(struct rog_connection *connection, const struct rog_deploy_item *items,
                    size_t count, char **folder, struct rog_deploy_report *report,
                    struct rog_error *err);

/* Returns ROOT on the host, absolute; it need not exist. Heap memory. */
int rog_deploy_root(struct rog_connection *connection, char **root, struct rog_error *err);

/* Removes everything in ROOT that is listed above, except the runs. Trees in use may be removed:
 * running programs keep their open files. *freed_kib (may be NULL) becomes the freed space. */
int rog_deploy_clean(struct rog_connection *connection, uint64_t *freed_kib, struct rog_error *err);

#endif
