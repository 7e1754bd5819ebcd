/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_PACKED_H
#define ROG_DEPLOY_PACKED_H

/*
 * Files ready for the way to hosts: <cache>/packed/SHA256.zst, one Zstandard frame each. A file is
 * compressed once, however many hosts it goes to; libdnnl, nine tenths of a bundle, shrinks to a
 * fifth. What nobody has used for ROG_PACKED_DAYS days is removed when something is packed.
 * packed.c is the only file here that sees libzstd.
 *
 * Threads and processes: any number at once; one of them compresses, the others wait for it.
 */

#include <orchestrator/hosts/connection.h>
#include <rog/error.h>

#define ROG_PACKED_DAYS 30

/* *path (heap memory) is the packed file of `source`, whose SHA-256 is `hash`. `connection` is to
 * the host that it is for; NULL: none in particular. Errors: ROG_EFAILED the source changed since
 * its hash was computed; ROG_ENOTFOUND, ROG_EIO; ROG_EINTR the connection is not wanted any more;
 * ROG_ENOMEM. */
int rog_packed_file(const char *source, const char *hash, const struct rog_connection *connection,
                    char **path, struct rog_error *err);

#endif
