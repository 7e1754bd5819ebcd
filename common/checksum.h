/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_CHECKSUM_H
#define ROG_COMMON_CHECKSUM_H

/* A checksum of large arrays that costs little more than reading them. It finds damage; whoever
 * wants to can make another content with the same one (hash.h is for that). */

#include <stddef.h>
#include <stdint.h>

/* Goes on from `sum`, that of what is before. The pieces in which something is summed are part of
 * the result. */
uint64_t rog_checksum(uint64_t sum, const void *data, size_t size);

#endif
