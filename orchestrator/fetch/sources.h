/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FETCH_SOURCES_H
#define ROG_FETCH_SOURCES_H

/* The list of published data sets (share/rog/datasets.conf): what they are and where to download
 * them. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_source {
    char *name;         /* as in data = "NAME:FOLDER" */
    char *title;        /* for messages */
    char *archive;      /* file name */
    int64_t size_bytes; /* of the archive; 0: unknown */
    char *sha256;       /* of the archive, 64 lower-case hexadecimal digits */
    char **files;       /* the files to extract, by the last part of their paths */
    size_t file_count;  /* > 0 */
    char **urls;        /* URLs of the archive, tried in order */
    size_t url_count;   /* > 0 */
};

struct rog_sources {
    struct rog_source *source;
    size_t count;
};

/* Errors (ROG_EINVAL) name file, line and setting. */
int rog_sources_read(struct rog_sources **sources, const char *path, struct rog_error *err);
void rog_sources_free(struct rog_sources *sources);

/* The data set with that name; ROG_EINVAL lists the known ones. */
int rog_sources_find(const struct rog_sources *sources, const char *name,
                     const struct rog_source **source, struct rog_error *err);

#endif
