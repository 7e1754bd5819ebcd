/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_AGAIN_H
#define ROG_BUNDLE_AGAIN_H

#include <orchestrator/bundle/tree.h>

/* Experiment and cluster files that repeat the runs on virtual clusters, and the files that these
 * read. */
int rog_bundle_add_again(struct rog_bundle *bundle, struct rog_error *err);

#endif
