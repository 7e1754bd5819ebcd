/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_CRATE_H
#define ROG_BUNDLE_CRATE_H

#include <orchestrator/bundle/tree.h>

/* ro-crate-metadata.json, after everything else has been written. */
int rog_bundle_add_crate(struct rog_bundle *bundle, struct rog_error *err);

#endif
