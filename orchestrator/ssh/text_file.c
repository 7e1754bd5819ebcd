/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a text file. */
#include <orchestrator/ssh/text_file.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>

int rog_ssh_text_file_read(const char *path, size_t max_bytes, char **text, struct rog_error *err)
{
    struct stat file;
    size_t size = 0;
    *text = NULL;
    if (stat(path, &file) == 0 && !S_ISREG(file.st_mode) && strcmp(path, "/dev/null") != 0)
        return rog_fail(err, ROG_EFORMAT, "%s is not a regular file", path);
    int code = rog_file_read(path, max_bytes, text, &size, err);
    if (!code && strlen(*text) != size) {
        free(*text);
        *text = NULL;
        code = rog_fail(err, ROG_EFORMAT, "%s is not a text file: it has a NUL byte", path);
    }
    return code;
}
