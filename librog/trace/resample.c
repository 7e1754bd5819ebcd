/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a trace from random blocks of a recording. */
#include <librog/trace/resample.h>

#include <math.h>

#define VALUES_MAX 10e6

/* Adds a value from at_s on; it replaces a value that would hold for too short a time. */
static int put(struct rog_trace_builder *builder, double at_s, double mbps, struct rog_error *err)
{
    uint32_t last = builder->count - 1;
    if (!builder->count || at_s - builder->start_s[last] >= ROG_TRACE_STEP_MIN_S)
        return rog_trace_builder_add(builder, at_s, mbps, err);
    builder->mbps[last] = mbps;
    return ROG_OK;
}

/* Adds the recording's values from from_s on, at at_s and later. */
static int put_block(struct rog_trace_builder *builder, const struct rog_trace *recording,
                     double from_s, double at_s, double block_s, struct rog_error *err)
{
    int code = ROG_OK;
    double end_s = from_s + block_s;
    for (double t_s = from_s; t_s < end_s && !code; t_s = rog_trace_next_change(recording, t_s))
        code = put(builder, at_s + (t_s - from_s), rog_trace_rate(recording, t_s), err);
    return code;
}

static int check(const struct rog_trace *recording, double block_s, double blocks,
                 struct rog_error *err)
{
    if (recording->count > 1 && !(block_s < recording->span_s))
        return rog_fail(err, ROG_EINVAL,
                        "trace_blocks must be shorter than the recording, %.9g s (found %.9g s)",
                        recording->span_s, block_s);
    double values = blocks * (2 + block_s / recording->span_s * recording->count);
    if (recording->count > 1 && !(values <= VALUES_MAX))
        return rog_fail(err, ROG_EINVAL,
                        "trace_blocks of %.9g s would make %.3g values, more than %.3g; hint: "
                        "longer blocks, or a recording with fewer values",
                        block_s, values, VALUES_MAX);
    return ROG_OK;
}

int rog_trace_resample(struct rog_trace **trace, const struct rog_trace *recording, double start_s,
                       double block_s, struct rog_rng *rng, struct rog_error *err)
{
    *trace = NULL;
    struct rog_trace_builder builder = {0};
    double blocks = ceil(fmax(ROG_RESAMPLE_SPAN_S, 2 * recording->span_s) / block_s);
    int code = check(recording, block_s, blocks, err);
    if (!code && recording->count == 1) {
        code = rog_trace_builder_add(&builder, 0, recording->mbps[0], err);
        blocks = 0;
    }
    for (double i = 0; i < blocks && !code; i++) {
        double drawn_s = rog_rng_uniform(rng) * recording->span_s;
        code = put_block(&builder, recording, fmod(start_s + drawn_s, recording->span_s),
                         i * block_s, block_s, err);
    }
    double end_s = blocks * block_s;
    if (builder.count > 1 && end_s - builder.start_s[builder.count - 1] < ROG_TRACE_STEP_MIN_S)
        builder.count--;
    if (!code)
        code = rog_trace_builder_end(&builder, end_s, trace, err);
    rog_trace_builder_release(&builder);
    return code;
}
