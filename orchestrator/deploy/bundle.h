/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DEPLOY_BUNDLE_H
#define ROG_DEPLOY_BUNDLE_H

/*
 * A bundle: a rog-trainer that runs from any folder of a host,
 *
 *     bin/rog-trainer
 *     bin/rog-unpack          the host's half of deployment (deploy.h)
 *     bin/rog-claim           what keeps a host for a sweep (common/claims.h)
 *     bin/rogctl              for agents (pool/agent.h), where it is asked for
 *     lib/NAME.so.N           the libraries they need, except those that belong to the C library
 *     lib/rog/plugins/NAME.so strategies
 *     lib/librog.so.0, lib/rog/python/rog/...   for training programs of one's own
 *
 * For the architecture of this machine it is made of the programs that are installed here, their
 * libraries where the dynamic linker finds them and the strategies that rogctl finds. A folder
 * MACHINE of $ROG_BUNDLE_PATH (folders separated by ':') or of PREFIX/share/rog/bundles goes first,
 * and is the only source for other architectures; cmake/portable-bundle makes one. The C library is
 * the host's: it has to have what the trainer was linked to, so a bundle is made with an old one.
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
    const char *trainer;    /* the program's path here */
    const char *controller; /* path of rogctl; NULL: not in the bundle */
};

/* `machine` is the output of `uname -m` on the host. Errors: ROG_ENOTFOUND there is no bundle for
 * such a machine; ROG_EFORMAT its bundle is for another machine or lacks a program; ROG_EFAILED a
 * library of a program is missing here; ROG_EIO, ROG_ENOMEM. */
int rog_bundle_open(struct rog_bundle **bundle, const struct rog_bundle_programs *programs,
                    const char *machine, struct rog_error *err);
/* With hashes, for rog_deploy_tree. They live as long as the bundle, which is constant, so threads
 * may share it. */
const struct rog_deploy_item *rog_bundle_items(const struct rog_bundle *bundle, size_t *count);
/* The items that are needed to wait for a host and to hold it, as a small separate tree: a host on
 * which another sweep's run is active must not be loaded with more. Returns their number. */
size_t rog_bundle_claim_items(const struct rog_bundle *bundle,
                              struct rog_deploy_item item[ROG_BUNDLE_CLAIM_ITEMS]);
void rog_bundle_free(struct rog_bundle *bundle);

/* Whether `err` comes from a host whose C library is too old for the bundle. If so, a short message
 * replaces the many lines of the dynamic linker. */
bool rog_bundle_explain(struct rog_error *err);

/* The bundles of all architectures of a cluster's hosts, each opened once by the first thread that
 * needs it, while others wait. For threads that share it. */
struct rog_bundle_cache;
int rog_bundle_cache_new(struct rog_bundle_cache **cache,
                         const struct rog_bundle_programs *programs, struct rog_error *err);
/* *bundle belongs to the cache. Errors as rog_bundle_open. */
int rog_bundle_cache_take(struct rog_bundle_cache *cache, const char *machine,
                          const struct rog_bundle **bundle, struct rog_error *err);
void rog_bundle_cache_free(struct rog_bundle_cache *cache);

#endif
