/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_PACKED_H
#define ROG_DEPLOY_PACKED_H

/*
 * Files compressed for sending to hosts: <cache>/packed/SHA256.zst, one Zstandard frame each. A
 * file is compressed once, for any number of hosts; libdnnl, nine tenths of a bundle, shrinks to a
 * fifth. Files that have not been used for ROG_PACKED_DAYS days are removed when another file is
 * compressed. packed.c is the only file here that sees libzstd. Any number of threads and processes
 * may use this at once; one of them compresses a file, the others wait for it.
 */

#include <orchestrator/hosts/connection.h>
#include <rog/error.h>

#define ROG_PACKED_DAYS 30

/* *path (heap memory) becomes the packed file of `source`, whose SHA-256 is `hash`. `connection` is
 * to the host that needs it; NULL: none in particular. Errors: ROG_EFAILED if the source has
 * changed since its hash was computed; ROG_ENOTFOUND; ROG_EIO; ROG_EINTR if the connection is no
 * longer needed; ROG_ENOMEM. */
int rog_packed_file(const char *source, const char *hash, const struct rog_connection *connection,
                    char **path, struct rog_error *err);

#endif
