/* SPDX-License-Identifier: Apache-2.0 */
/* Finds where a line reaches a target and stays there. */
#include <orchestrator/curves/reached.h>

#include <math.h>
#include <stdbool.h>

/* A position between two points of a line. */
struct spot {
    double x, place;
};

static double place_of(const struct rog_line *line, size_t i)
{
    return line->place ? line->place[i] : (double)i;
}

/* Returns whether the line has not reached the target at a point. */
static bool lacks(const struct rog_line *line, size_t i, double target)
{
    return line->less_is_better ? line->y[i] > target : line->y[i] < target;
}

/* Returns where the line crosses the target between the points i - 1 and i, which lie on different
 * sides. */
static struct spot between(const struct rog_line *line, size_t i, double target)
{
    double share = (target - line->y[i - 1]) / (line->y[i] - line->y[i - 1]);
    double from = place_of(line, i - 1);
    return (struct spot){line->x[i - 1] + share * (line->x[i] - line->x[i - 1]),
                         from + share * (place_of(line, i) - from)};
}

/* Finds the next crossing towards the target from point *i on; *i becomes the first point that has
 * reached it. */
static bool next_rise(const struct rog_line *line, double target, size_t *i, struct spot *spot)
{
    while (*i < line->count && lacks(line, *i, target))
        ++*i;
    if (*i == line->count)
        return false;
    *spot = *i > 0 ? between(line, *i, target) : (struct spot){line->x[0], place_of(line, 0)};
    return true;
}

/* Finds the next crossing away from the target from point *i on; *i becomes the first point that
 * has not reached it. */
static bool next_fall(const struct rog_line *line, double target, size_t *i, struct spot *spot)
{
    while (*i < line->count && !lacks(line, *i, target))
        ++*i;
    if (*i == line->count)
        return false;
    *spot = between(line, *i, target);
    return true;
}

struct rog_reached rog_reached_of(const struct rog_line *line, double target, double sustain)
{
    struct rog_reached reached = {ROG_REACHED_UNKNOWN, (double)NAN, (double)NAN, (double)NAN,
                                  (double)NAN};
    struct spot rise, fall;
    size_t i = 0;
    if (line->count == 0 || isnan(target))
        return reached;
    reached.state = ROG_REACHED_NOT;
    reached.seen_to = line->x[line->count - 1];
    while (next_rise(line, target, &i, &rise)) {
        if (next_fall(line, target, &i, &fall) && fall.place - rise.place < sustain)
            continue;
        reached.state = ROG_REACHED;
        reached.at = rise.x;
        break;
    }
    return reached;
}

void rog_reached_widen(struct rog_reached *reached, const struct rog_line *measured, double target)
{
    struct spot rise, fall;
    size_t i = 0;
    if (next_rise(measured, target, &i, &rise))
        reached->first_raw = fmin(reached->first_raw, rise.x);
    double last = i > 0 && i < measured->count ? rise.x : (double)NAN;
    while (i < measured->count && next_fall(measured, target, &i, &fall))
        if (next_rise(measured, target, &i, &rise))
            last = rise.x;
    if (measured->count > 0 && lacks(measured, measured->count - 1, target))
        last = measured->x[measured->count - 1];
    reached->last_below = fmax(reached->last_below, last);
}
