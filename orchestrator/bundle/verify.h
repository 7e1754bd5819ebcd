/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_VERIFY_H
#define ROG_BUNDLE_VERIFY_H

/* Checks bundles against their manifest. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* The result of checking a bundle. */
struct rog_bundle_verified {
    char *case_name;
    size_t files;                 /* files, all as in the manifest */
    size_t runs, streams;         /* runs of the case; event streams that match the tables */
    size_t figures, figures_same; /* figures drawn again, and those with the same bytes */
    size_t again, again_same;     /* runs repeated, and those with the same events */
    size_t not_again;             /* runs that were not on a virtual cluster */
    struct rog_json *findings;    /* texts on all differences */
};
void rog_bundle_verified_release(struct rog_bundle_verified *verified);

struct rog_bundle_verify_options {
    bool again; /* repeat the runs, which executes plugins and programs of the bundle */
    void (*log)(void *user, const char *text);
    void *user;
};
/* `path` is a file or an unpacked bundle. Differences are findings, not errors; ROG_EFORMAT: it is
 * not a bundle, or a hostile one; ROG_EFAILED: the runs cannot be repeated. */
int rog_bundle_verify(const char *path, const struct rog_bundle_verify_options *options,
                      struct rog_bundle_verified *verified, struct rog_error *err);

#endif
