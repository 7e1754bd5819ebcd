/* SPDX-License-Identifier: Apache-2.0 */

/* Collects texts of findings, in heap memory. */

#include <orchestrator/check/findings.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <common/file.h>

#define TEXT_BYTES 512

void rog_finding_add(struct rog_finding_list *list, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    list->failed++;
    if (list->findings == ROG_FINDINGS_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    list->finding[list->findings] = rog_strdup(text);
    if (list->finding[list->findings])
        list->findings++;
}

void rog_finding_unchecked(struct rog_finding_list *list, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    if (list->unchecked)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    list->unchecked = rog_strdup(text);
}

void rog_finding_list_release(struct rog_finding_list *list)
{
    for (size_t i = 0; i < list->findings; i++)
        free(list->finding[i]);
    free(list->unchecked);
    *list = (struct rog_finding_list){0};
}
