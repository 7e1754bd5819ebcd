/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of a file: an empty temporary folder and a path in it, as the fixture of a test. */
#ifndef ROG_TESTS_FOLDER_SUPPORT_H
#define ROG_TESTS_FOLDER_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>

#include <common/file.h>

/* Creates a folder. *folder becomes heap memory. */
static inline int temporary_folder(char **folder, const char *name)
{
    *folder = rog_format("/tmp/%s-XXXXXX", name);
    return *folder && mkdtemp(*folder) ? 0 : -1;
}

struct folder_fixture {
    char folder[64];
    char *path; /* of the file, which does not exist yet */
};

static inline int folder_open(void **state, const char *name, const char *file)
{
    struct folder_fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    snprintf(f->folder, sizeof f->folder, "/tmp/%s-XXXXXX", name);
    if (!mkdtemp(f->folder))
        return -1;
    f->path = rog_path_join(f->folder, file);
    return f->path ? 0 : -1;
}

static inline int folder_close(void **state)
{
    struct folder_fixture *f = *state;
    rog_dir_remove(f->folder, NULL);
    free(f->path);
    free(f);
    return 0;
}

#endif
