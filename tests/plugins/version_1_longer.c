/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin of version 1 that says its strategy is longer than that version's: what it has there
 * means nothing to this program. */

#define STRUCT_SIZE sizeof(struct exported)
#include "version_1.c"
