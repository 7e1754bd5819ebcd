/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_LAYOUT_H
#define ROG_BUNDLE_LAYOUT_H

/* Names of files and folders in a bundle (bundle.h). */

#define ROG_BUNDLE_FORMAT 1
#define ROG_BUNDLE_MANIFEST "manifest.json"
#define ROG_BUNDLE_DATABASE "results.db"
#define ROG_BUNDLE_RUNS "results.runs"
#define ROG_BUNDLE_FIGURES "figures"
#define ROG_BUNDLE_INPUTS "inputs"
#define ROG_BUNDLE_EXPERIMENT "experiment.conf"
#define ROG_BUNDLE_CLUSTER "cluster.conf"
#define ROG_BUNDLE_CRATE "ro-crate-metadata.json"

#endif
