/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_PAGE_H
#define ROG_UI_PAGE_H

/* The files of the page, which the build embeds in the program (embed.cmake). */

#include <stddef.h>

struct rog_page_file {
    const char *name, *type; /* "index.html"; media type */
    const char *tag;         /* changes with the content */
    const unsigned char *content;
    size_t size;
};

/* Ends with a name of NULL. */
extern const struct rog_page_file rog_page_files[];

#endif
