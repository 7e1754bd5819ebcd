/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_DEPLOY_H
#define ROG_DEPLOY_DEPLOY_H

/*
 * Files on hosts, content-addressed. A host keeps below ROOT, which is rogctl's cache folder there
 * (${XDG_CACHE_HOME:-~/.cache}/rogctl),
 *
 *     objects/SHA256-MODE     every file once
 *     trees/SHA256/NAME...    trees of hard links to objects, named by their manifest's hash
 *     manifests/SHA256        "SHA256 MODE NAME" a line, sorted by name
 *     marks/SHA256            when, since the host's last boot, the tree was found to be whole
 *     runs/                   folders of runs (rog-trainer host)
 *
 * Only objects that are missing travel, compressed, all of them in one stream. Each tree has an
 * item ROG_DEPLOY_UNPACKER, a program for the host (trainer/unpack) that decompresses what arrives,
 * computes its hash and makes the tree; where it is missing it travels first. Of a tree that is
 * there already the host computes the hashes again when a file has changed or the host was booted
 * since. What is damaged travels anew. A tree appears at once or not at all, so several rogctl may
 * deploy to a host at a time. A host needs sh, coreutils, findutils and sed, and ROOT has to be on
 * a file system with hard links.
 *
 * Threads: any number at once, each with a connection of its own.
 */

#include <stddef.h>
#include <stdint.h>

#include <orchestrator/hosts/connection.h>
#include <rog/error.h>

#define ROG_DEPLOY_UNPACKER "bin/rog-unpack"

struct rog_deploy_item {
    const char *source; /* a file here */
    const char *name;   /* its path in the tree: relative, no "..", no control characters */
    unsigned mode;      /* permissions; not writable, because the file is shared */
    const char *hash;   /* SHA-256 of the source if known; NULL: it is computed */
};

struct rog_deploy_report {
    size_t files;           /* that travelled */
    uint64_t bytes;         /* of these files */
    uint64_t bytes_on_link; /* the same compressed */
};

/* *folder is set to the tree's absolute path on the host (heap memory); `report` may be NULL. One
 * round trip if nothing has changed, otherwise two. Errors: ROG_EINVAL bad items, no unpacker;
 * ROG_ENOTFOUND, ROG_EIO a source cannot be read, or there is no space to compress it; ROG_EFAILED
 * the host (disk full, a tool missing, connection lost); ROG_ENOMEM. */
int rog_deploy_tree(struct rog_connection *connection, const struct rog_deploy_item *items,
                    size_t count, char **folder, struct rog_deploy_report *report,
                    struct rog_error *err);

/* ROOT on the host, absolute; it need not exist. Heap memory. */
int rog_deploy_root(struct rog_connection *connection, char **root, struct rog_error *err);

/* Removes what this file keeps below ROOT, but not the runs. Trees in use may be removed: running
 * programs keep their open files. *freed_kib (may be NULL) is the freed space. */
int rog_deploy_clean(struct rog_connection *connection, uint64_t *freed_kib, struct rog_error *err);

#endif
