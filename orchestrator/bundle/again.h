/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_AGAIN_H
#define ROG_BUNDLE_AGAIN_H

#include <orchestrator/bundle/tree.h>

/* Experiment and cluster files that make the runs on virtual clusters again, and what these read.
 */
int rog_bundle_add_again(struct rog_bundle *bundle, struct rog_error *err);

#endif
