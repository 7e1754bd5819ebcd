/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of colours, dashes and marks. */
#include <orchestrator/figures/style.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct rog_line_style rog_line_style(size_t index, bool contender)
{
    static const char *const colors[] = {"#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7",
                                         "#E69F00", "#56B4E9", "#882255", "#999933"};
    static const char *const dashes[] = {"(10,5)", "(4,3)", "(10,3,2,3)", "(7,2)", "(2,2.5)"};
    static const int open_marks[] = {6, 4, 8, 12, 10};
    static const int filled_marks[] = {7, 5, 9, 13, 11};

    return (struct rog_line_style){
        .color = colors[index % COUNT(colors)],
        .dash = contender ? "solid" : dashes[index % COUNT(dashes)],
        .width = contender ? 1.5 : 1.1,
        .mark = contender ? filled_marks[index % COUNT(filled_marks)]
                          : open_marks[index % COUNT(open_marks)],
        .mark_size = contender ? 0.6 : 0.7,
    };
}
