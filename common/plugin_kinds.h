/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PLUGIN_KINDS_H
#define ROG_COMMON_PLUGIN_KINDS_H

/* What plugins of each kind export, and how it is checked. Every exported struct begins with its
 * interface version and its size, a uint32_t each. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

enum rog_plugin_kind { ROG_PLUGIN_STRATEGY, ROG_PLUGIN_CODEC };
#define ROG_PLUGIN_KINDS 2

/* Return the name of a kind, such as "strategy", and the symbol that its plugins export. */
const char *rog_plugin_kind_name(enum rog_plugin_kind kind);
const char *rog_plugin_kind_symbol(enum rog_plugin_kind kind);

/* Sets *copy to the exported struct in heap memory; members newer than its version are 0. ROG_EABI:
 * it is invalid; the message names `path` and the error; *copy may have to be freed even then. */
int rog_plugin_kind_take(enum rog_plugin_kind kind, const void *exported, const char *path,
                         void **copy, struct rog_error *err);

#endif
