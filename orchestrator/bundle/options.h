/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BUNDLE_OPTIONS_H
#define ROG_BUNDLE_OPTIONS_H

/* What whoever wants a bundle may say about it. */

#include <stdbool.h>

struct rog_bundle_options {
    bool without_data;                         /* of inputs but plugins the hashes alone */
    void (*log)(void *user, const char *text); /* what is left out, and why; or NULL */
    void *user;
};

#endif
