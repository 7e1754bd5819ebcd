/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the tables and rules of the published figures. */
#include <orchestrator/figures/published.h>

#include <math.h>
#include <string.h>

#define LOW 52.0
#define HIGH 70.0
#define ABOVE 1.0  /* percent above the highest line at which the axis ends */
#define BELOW 0.04 /* margin below the lowest line, as a share of the axis */
#define STEPS 6

/* By figure, then by enum rog_quantity; the last row is for any other figure. */
static const struct {
    const char *figure;
    double end[3];   /* measured in the published figure */
    double least[3]; /* minimum in the scripts */
} figures[] = {
    {.figure = "1", .end = {1000, 5400, 50000}, .least = {1000, 5400, 50000}},
    {.figure = "9", .end = {1000, 7500, 50000}, .least = {1000, 5400, 50000}},
    {.figure = "10", .end = {2080, 10000, 50000}, .least = {1000, 10000, 50000}},
};

static size_t row_of(const char *figure)
{
    for (size_t i = 0; figure && i < sizeof figures / sizeof *figures; i++)
        if (strcmp(figure, figures[i].figure) == 0)
            return i;
    return 0;
}

double rog_published_end(const char *figure, enum rog_quantity quantity)
{
    return figures[row_of(figure)].end[quantity];
}

double rog_published_rule_end(const char *figure, enum rog_quantity quantity, double shortest)
{
    return fmax(figures[row_of(figure)].least[quantity], shortest);
}

struct rog_axis rog_published_accuracy(double low, double highest)
{
    struct rog_axis axis = {LOW, fmin(fmax(HIGH, highest + ABOVE), 100), 1};
    if (low < LOW)
        axis.min = fmax(low - BELOW * (axis.max - low), 0);
    axis.step = rog_nice_step(axis.max - axis.min, STEPS);
    return axis;
}

bool rog_published_is_solid(const char *label)
{
    return strstr(label, "ROG") != NULL;
}
