/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_OPTIONS_H
#define ROG_BUNDLE_OPTIONS_H

/* Options for making a bundle. */

#include <stdbool.h>

struct rog_bundle_options {
    bool without_data; /* only the hashes of inputs, except plugins */
    /* Receives messages on what is left out, and why; or NULL. */
    void (*log)(void *user, const char *text);
    void *user;
};

#endif
