/* SPDX-License-Identifier: Apache-2.0 */
/* Computes when a frame has been transmitted at the rate of a trace. */
#include <librog/net/pacer.h>

void rog_pacer_init(struct rog_pacer *pacer, const struct rog_trace *trace, double offset_s)
{
    *pacer = (struct rog_pacer){.trace = trace, .offset_s = offset_s};
}

double rog_pacer_finish(struct rog_pacer *pacer, double now, size_t bytes)
{
    if (!pacer->trace)
        return now;
    double begin_s = now;
    if (pacer->busy && now - pacer->free_s < ROG_PACER_BURST_S)
        begin_s = pacer->free_s;
    else if (pacer->busy)
        begin_s = now - ROG_PACER_BURST_S;
    if (begin_s < pacer->free_s)
        begin_s = pacer->free_s;
    pacer->busy = true;
    pacer->free_s = rog_trace_finish(pacer->trace, begin_s + pacer->offset_s, 8.0 * (double)bytes) -
                    pacer->offset_s;
    return pacer->free_s;
}

void rog_pacer_idle(struct rog_pacer *pacer)
{
    pacer->busy = false;
}

double rog_pacer_rate_bps(const struct rog_pacer *pacer, double now)
{
    return pacer->trace ? 1e6 * rog_trace_rate(pacer->trace, now + pacer->offset_s) : 0;
}
