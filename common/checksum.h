/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_CHECKSUM_H
#define ROG_COMMON_CHECKSUM_H

/* A checksum of large arrays that costs little more than reading them. It finds damage, not
 * forgery: other content with the same checksum can be made on purpose (hash.h prevents that). */

#include <stddef.h>
#include <stdint.h>

/* Continues from `sum`, the checksum of the preceding data. The result depends on how the data are
 * divided into pieces. */
uint64_t rog_checksum(uint64_t sum, const void *data, size_t size);

#endif
