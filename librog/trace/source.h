/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_SOURCE_H
#define ROG_TRACE_SOURCE_H

/* Where a bandwidth trace comes from: what the setting `trace` may say. */

#include <stdint.h>

#include <librog/trace/trace.h>
#include <rog/error.h>

/*
 * Opens what a setting `trace` names:
 *   constant:MBIT                   one rate, > 0
 *   synth:outdoors, synth:indoors   generated (synth.h) from `seed` and `rank`
 *   anything else                   a CSV file; "{rank}" in its name stands for `rank`
 * Errors: ROG_EINVAL for a source that is none, ROG_ENOTFOUND and ROG_EIO for a file that cannot be
 * read, ROG_EFORMAT with file and line for one that is not as described above.
 */
int rog_trace_open(struct rog_trace **trace, const char *source, uint32_t rank, uint64_t seed,
                   struct rog_error *err);

#endif
