/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_BUNDLE_H
#define ROG_DEPLOY_BUNDLE_H

/*
 * A bundle: a rog-trainer that runs from any folder of a host,
 *
 *     bin/rog-trainer
 *     bin/rog-unpack          the host's part of deployment (deploy.h)
 *     bin/rog-claim           holds a host for a sweep (common/claims.h)
 *     bin/rogctl              for agents (pool/agent.h), if requested
 *     lib/NAME.so.N           the libraries they need, except those that belong to the C library
 *     lib/rog/plugins/NAME.so strategies
 *     lib/librog.so.0, lib/rog/python/rog/...   for users' training programs
 *
 * For the architecture of this machine it consists of the programs that are installed here, their
 * libraries as the dynamic linker finds them, and the strategies that rogctl finds. A folder
 * MACHINE of $ROG_BUNDLE_PATH (folders separated by ':') or of PREFIX/share/rog/bundles takes
 * precedence, and is the only source for other architectures; cmake/portable-bundle creates such
 * folders. The C library is the host's and must have the symbols that the trainer was linked to, so
 * build a bundle with an old one.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/deploy/deploy.h>
#include <rog/error.h>

#define ROG_BUNDLE_PROGRAM "bin/rog-trainer" /* in the deployed tree */
#define ROG_BUNDLE_CLAIM "bin/rog-claim"
#define ROG_BUNDLE_CONTROLLER "bin/rogctl"
#define ROG_BUNDLE_CLAIM_ITEMS 2

struct rog_bundle;

struct rog_bundle_programs {
    const char *trainer;    /* path of the program on this machine */
    const char *controller; /* path of rogctl; NULL: not in the bundle */
};

/* `machine` is the output of `uname -m` on the host. Errors: ROG_ENOTFOUND if there is no bundle
 * for such a machine; ROG_EFORMAT if its bundle is for another machine or lacks a program;
 * ROG_EFAILED if a library of a program is missing here; ROG_EIO; ROG_ENOMEM. */
int rog_bundle_open(struct rog_bundle **bundle, const struct rog_bundle_programs *programs,
                    const char *machine, struct rog_error *err);
/* Returns the items with hashes, for rog_deploy_tree. They live as long as the bundle, which is
 * constant, so threads may share it. */
const struct rog_deploy_item *rog_bundle_items(const struct rog_bundle *bundle, size_t *count);
/* Fills in the items that are needed to wait for a host and to hold it, as a small separate tree: a
 * host on which another sweep's run is active must not be loaded with more. Returns their
 * number. */
size_t rog_bundle_claim_items(const struct rog_bundle *bundle,
                              struct rog_deploy_item item[ROG_BUNDLE_CLAIM_ITEMS]);
void rog_bundle_free(struct rog_bundle *bundle);

/* Returns whether `err` comes from a host whose C library is too old for the bundle. If so,
 * replaces the many lines of the dynamic linker with a short message. */
bool rog_bundle_explain(struct rog_error *err);

/* The bundles of all architectures of a cluster's hosts. Each is opened once, by the first thread
 * that needs it, while others wait. Threads may share it. */
struct rog_bundle_cache;
int rog_bundle_cache_new(struct rog_bundle_cache **cache,
                         const struct rog_bundle_programs *programs, struct rog_error *err);
/* *bundle belongs to the cache. Errors: those of rog_bundle_open. */
int rog_bundle_cache_take(struct rog_bundle_cache *cache, const char *machine,
                          const struct rog_bundle **bundle, struct rog_error *err);
void rog_bundle_cache_free(struct rog_bundle_cache *cache);

#endif
