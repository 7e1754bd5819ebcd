/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_VERIFY_H
#define ROG_BUNDLE_VERIFY_H

/* Bundles held against what they say. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* What a bundle held against what it says. */
struct rog_bundle_verified {
    char *case_name;
    size_t files;                 /* as the manifest says, all of them */
    size_t runs, streams;         /* runs of the case; event streams that the tables agree with */
    size_t figures, figures_same; /* drawn again */
    size_t again, again_same;     /* runs made again, those with the same events */
    size_t not_again;             /* runs that are not on a virtual cluster */
    struct rog_json *findings;    /* texts: what is not as it should be */
};
void rog_bundle_verified_release(struct rog_bundle_verified *verified);

struct rog_bundle_verify_options {
    bool again; /* the runs are made again, which executes plugins and programs of the bundle */
    void (*log)(void *user, const char *text);
    void *user;
};
/* `path` is a file or an unpacked bundle. What differs is a finding and no error; ROG_EFORMAT: it
 * is no bundle, or a hostile one; ROG_EFAILED: the runs cannot be made again. */
int rog_bundle_verify(const char *path, const struct rog_bundle_verify_options *options,
                      struct rog_bundle_verified *verified, struct rog_error *err);

#endif
