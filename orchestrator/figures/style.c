/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the tables of colours, dashes and marks. */
#include <orchestrator/figures/style.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct rog_line_style rog_line_style(size_t index, bool contender)
{
    static const char *const colors[ROG_LINE_COLORS] = {"#0072B2", "#D55E00", "#009E73",
                                                        "#000000", "#CC79A7", "#E69F00",
                                                        "#56B4E9", "#882255", "#999933"};
    static const char *const dashes[] = {"(10,5)", "(4,3)", "(10,3,2,3)", "(7,2)", "(2,2.5)"};
    /* Circle, square, triangle, diamond and inverted triangle, alternating filled and open, and a
     * cross. */
    static const int marks[ROG_LINE_STYLES / ROG_LINE_COLORS] = {7, 4, 9,  12, 11, 6,
                                                                 5, 8, 13, 10, 2};

    return (struct rog_line_style){
        .color = colors[index % COUNT(colors)],
        .dash = contender ? "solid" : dashes[index % COUNT(dashes)],
        .width = contender ? 1.5 : 1.1,
        .mark = marks[index % COUNT(marks)],
        .mark_size = 0.65,
    };
}
