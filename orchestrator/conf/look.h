/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_LOOK_H
#define ROG_CONF_LOOK_H

/* The look of figures, as given on a command line, in an experiment file and in a case. */

#include <common/json.h>
#include <common/settings.h>
#include <rog/error.h>

#define ROG_LOOK_FORMATS "pdf,svg,png"

/* Rows of a table of settings or of a command's options. They have no defaults: if the command does
 * not set one, the case does. */
#define ROG_LOOK_SETTINGS                                                                     \
    {.name = "size",                                                                          \
     .type = ROG_SETTING_STRING,                                                              \
     .help = "size of each figure in inches, WIDTHxHEIGHT or WIDTH alone; default: 3.5 wide " \
             "(microevents: 7)"},                                                             \
        {.name = "font",                                                                      \
         .type = ROG_SETTING_STRING,                                                          \
         .help = "font of figures, NAME,POINTS or NAME alone; default: Arial,9"},             \
    {                                                                                         \
        .name = "format", .type = ROG_SETTING_STRING,                                         \
        .help = "formats of figures, separated by commas: pdf, svg, png; default: all"        \
    }
extern const struct rog_setting rog_look_settings[];

#define ROG_LOOK_WIDTH 3.5 /* inches: one column of a two-column paper */
#define ROG_LOOK_PT 9.0

struct rog_look {
    double width;   /* inches */
    double height;  /* inches; 0: as needed by the figure */
    char font[64];  /* name of a font family */
    double pt;      /* points, of axis labels; other text is a ninth smaller */
    double stretch; /* assumed width of texts relative to Arial: 1 */
};

/* NULL: the default. ROG_EINVAL with a message that begins with "size" or "font". */
int rog_look_parse(const char *size, const char *font, struct rog_look *look,
                   struct rog_error *err);

/* "pdf, png" as "pdf png", checked; NULL: all formats. Heap memory. ROG_EINVAL with a message that
 * begins with "format". */
int rog_look_parse_formats(const char *text, char **formats, struct rog_error *err);

/* Checks the settings of rog_look_settings in `options`; others are ignored. */
int rog_look_check(const struct rog_json *options, struct rog_error *err);

#endif
