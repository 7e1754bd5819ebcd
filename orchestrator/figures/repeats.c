/* SPDX-License-Identifier: Apache-2.0 */
/* Writes how many runs of a series count into its label. */
#include <orchestrator/figures/repeats.h>

#include <stdlib.h>

#include <common/file.h>
#include <orchestrator/text/fonts.h>

bool rog_repeats_is_copy(const struct rog_case_data *data, size_t index)
{
    return data->run[index].done && data->run[index].first != index;
}

static char *counted_label(const struct rog_case_series *series, size_t counted, const char *what)
{
    if (series->runs < 2)
        return rog_strdup(series->label);
    if (series->different == 1)
        return rog_format("%s (%zu runs, identical)", series->label, series->runs);
    if (series->different < series->runs)
        return rog_format("%s (n = %zu, %zu runs%s)", series->label, counted, series->runs, what);
    return counted > 1 ? rog_format("%s (n = %zu%s)", series->label, counted, what)
                       : rog_strdup(series->label);
}

static char *label_with(const struct rog_case_series *series, size_t counted, const char *what)
{
    char *label = counted_label(series, counted, what);
    char *marked = label && series->mark[0] ? rog_format("%s, %s", label, series->mark) : label;
    if (marked != label)
        free(label);
    return marked;
}

char *rog_repeats_label(const struct rog_case_series *series, size_t counted)
{
    return label_with(series, counted, "");
}

char *rog_repeats_figure_label(const struct rog_case_series *series, size_t counted)
{
    char *label = label_with(series, counted,
                             counted == 2  ? ", range"
                             : counted > 2 ? ", 95% CI"
                                           : "");
    char *drawable = label ? rog_fonts_drawable(label) : NULL;
    free(label);
    return drawable;
}
