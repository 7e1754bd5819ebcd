/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_PICTURE_H
#define ROG_UI_PICTURE_H

/* Figures as answers, drawn by the code that also draws figures for papers, and kept (cache.h). */

#include <orchestrator/ui/subject.h>

/* Splits a file's name at the last point into "panel" and "svg"; heap memory. ROG_EINVAL for
 * endings other than pdf, svg and png. */
int rog_picture_name(const char *file, char **panel, const char **format, struct rog_error *err);

/* A panel of the subject's case. ROG_ENOTFOUND: it has no such panel; the message says why. */
int rog_picture_of_case(const struct rog_ui_call *call, const struct rog_subject *subject,
                        const char *panel, const char *format, struct rog_web_answer *answer,
                        struct rog_error *err);

#endif
