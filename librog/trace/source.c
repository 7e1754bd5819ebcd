/* SPDX-License-Identifier: Apache-2.0 */

/* Opens a trace by its name: generated, constant, or a file. */

#include <librog/trace/source.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/trace_name.h>
#include <librog/trace/resample.h>
#include <librog/trace/synth.h>

#define TRACE_MAX_BYTES ((size_t)256 << 20)

/* Replaces a recording by blocks of it; they begin where the run would have begun in the
 * recording. */
static int draw_blocks(struct rog_trace **trace, const struct rog_trace_source *source,
                       struct rog_error *err)
{
    struct rog_trace *recording = *trace;
    struct rog_rng rng;
    rog_rng_derive(&rng, source->seed, "trace_blocks", source->own_blocks ? source->rank : 0);
    int code = rog_trace_resample(trace, recording,
                                  rog_trace_start_s(recording, source->offset_s, source->phase),
                                  source->block_s, &rng, err);
    rog_trace_free(recording);
    return code;
}

static int open_file(struct rog_trace **trace, const struct rog_trace_source *source,
                     struct rog_error *err)
{
    char *text = NULL, *path = rog_path_of_rank(source->name, source->rank);
    if (!path)
        return rog_fail_nomem(err);
    size_t size = 0;
    int code = rog_file_read(path, TRACE_MAX_BYTES, &text, &size, err);
    if (!code)
        code = rog_trace_parse(trace, text, size, path, err);
    free(text);
    if (!code && source->block_s > 0) {
        code = draw_blocks(trace, source, err);
        if (code)
            rog_fail_prefix(err, "%s", path);
    }
    free(path);
    return code;
}

int rog_trace_open(struct rog_trace **trace, const struct rog_trace_source *source,
                   struct rog_error *err)
{
    const char *what = NULL;
    *trace = NULL;
    switch (rog_trace_kind(source->name, &what)) {
    case ROG_TRACE_DRAWN:
        return rog_trace_synth(trace, what, source->rank, source->seed, err);
    case ROG_TRACE_CONSTANT:
        return rog_trace_constant(trace, what, err);
    case ROG_TRACE_UNLIMITED:
        return ROG_OK;
    case ROG_TRACE_FILE:
        break;
    }
    return open_file(trace, source, err);
}

int rog_trace_open_run(struct rog_trace **trace, double *start_s,
                       const struct rog_trace_source *source, struct rog_error *err)
{
    int code = rog_trace_open(trace, source, err);
    bool is_drawn = source->block_s > 0 && rog_trace_kind(source->name, NULL) == ROG_TRACE_FILE;
    *start_s = 0;
    if (!code && !is_drawn)
        *start_s = rog_trace_start_s(*trace, source->offset_s, source->phase);
    return code;
}

struct rog_trace_source rog_trace_source_of(const struct rog_run_config *config, uint32_t index)
{
    const struct rog_run_worker *worker = &config->workers[index];
    return (struct rog_trace_source){
        .name = worker->trace,
        .rank = worker->rank,
        .seed = config->seed,
        .offset_s = worker->trace_offset,
        .phase = worker->trace_phase,
        .block_s = config->trace_blocks,
        .own_blocks = rog_trace_has_own_blocks(config->json),
    };
}
