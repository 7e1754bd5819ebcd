/* SPDX-License-Identifier: Apache-2.0 */
/* The last known values of a worker. */
#include <librog/sync/node.h>

#include <math.h>

void rog_report_init(struct rog_report *report)
{
    *report = (struct rog_report){.compute_s = NAN, .loss = NAN, .energy_j = NAN};
}

void rog_node_init(struct rog_node_view *node)
{
    *node = (struct rog_node_view){
        .compute_s = NAN, .push_s = NAN, .pull_s = NAN, .loss = NAN, .energy_j = NAN};
}

static void transmitted(double *seconds, double *goodput, uint64_t bytes, double duration_s)
{
    if (bytes == 0)
        return;
    *seconds = duration_s;
    if (duration_s > 0)
        *goodput = (double)bytes / duration_s;
}

void rog_node_pushed(struct rog_node_view *node, uint64_t bytes, double duration_s)
{
    transmitted(&node->push_s, &node->goodput_up, bytes, duration_s);
}

void rog_node_pulled(struct rog_node_view *node, uint64_t bytes, double duration_s)
{
    transmitted(&node->pull_s, &node->goodput_down, bytes, duration_s);
}

void rog_node_reported(struct rog_node_view *node, const struct rog_report *report)
{
    node->compute_s = report->compute_s;
    node->loss = report->loss;
    node->energy_j = report->energy_j;
    node->local_steps = report->local_steps;
}

void rog_node_archive(struct rog_node_view *node, struct rog_archive *archive)
{
    double *const reals[] = {&node->compute_s,    &node->push_s, &node->pull_s,  &node->goodput_up,
                             &node->goodput_down, &node->loss,   &node->energy_j};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        rog_archive_real(archive, reals[i]);
    rog_archive_u32(archive, &node->local_steps);
}
