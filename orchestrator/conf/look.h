/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_LOOK_H
#define ROG_CONF_LOOK_H

/* How figures look, as it is said on a command line, in an experiment file and in a case. */

#include <rog/error.h>

#define ROG_LOOK_FORMATS "pdf,svg,png"
#define ROG_LOOK_SIZE_HELP "size of a figure in inches, WIDTHxHEIGHT or WIDTH alone"
#define ROG_LOOK_FONT_HELP "font of figures, \"NAME,POINTS\" or NAME alone"
#define ROG_LOOK_FORMAT_HELP "formats of figures, separated by commas: " ROG_LOOK_FORMATS

#define ROG_LOOK_WIDTH 3.5 /* inches: a column of a paper of two */
#define ROG_LOOK_PT 9.0

struct rog_look {
    double width;  /* inches */
    double height; /* inches; 0: as the figure needs */
    char font[64]; /* a family's name */
    double pt;     /* of axis labels; what else is written is a ninth smaller */
};

/* NULL: the default. ROG_EINVAL with a message that begins with "size" or "font". */
int rog_look_parse(const char *size, const char *font, struct rog_look *look,
                   struct rog_error *err);

/* "pdf, png" as "pdf png", checked; NULL: all there are. Heap memory. ROG_EINVAL with a message
 * that begins with "format". */
int rog_look_parse_formats(const char *text, char **formats, struct rog_error *err);

#endif
