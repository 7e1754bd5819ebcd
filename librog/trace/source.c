/* SPDX-License-Identifier: Apache-2.0 */

/* Opens a trace by its name: made up, constant, or a file. */

#include <librog/trace/source.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/trace_name.h>
#include <librog/trace/synth.h>

#define TRACE_MAX_BYTES ((size_t)256 << 20)

static int open_file(struct rog_trace **trace, const char *source, uint32_t rank,
                     struct rog_error *err)
{
    char *text = NULL, *path = rog_path_of_rank(source, rank);
    if (!path)
        return rog_fail_nomem(err);
    size_t size = 0;
    int code = rog_file_read(path, TRACE_MAX_BYTES, &text, &size, err);
    if (!code)
        code = rog_trace_parse(trace, text, size, path, err);
    free(text);
    free(path);
    return code;
}

int rog_trace_open(struct rog_trace **trace, const char *source, uint32_t rank, uint64_t seed,
                   struct rog_error *err)
{
    const char *what = NULL;
    *trace = NULL;
    switch (rog_trace_kind(source, &what)) {
    case ROG_TRACE_DRAWN:
        return rog_trace_synth(trace, what, rank, seed, err);
    case ROG_TRACE_CONSTANT:
        return rog_trace_constant(trace, what, err);
    case ROG_TRACE_FILE:
        break;
    }
    return open_file(trace, source, rank, err);
}
