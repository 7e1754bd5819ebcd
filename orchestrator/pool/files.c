/* SPDX-License-Identifier: Apache-2.0 */
/* Handles files of a pool, with the peculiarities of network file systems. */
#include <orchestrator/pool/files.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>

bool rog_pool_is_there(const char *path)
{
    char *folder = rog_path_dir(path);
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(folder);
    bool there = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (fd >= 0)
        close(fd);
    return there;
}

int rog_pool_replace(const char *from, const char *to, struct rog_error *err)
{
    if (rename(from, to) == 0)
        return 0;
    int cause = errno;
    /* The server's reply was lost, and the client has repeated the request. */
    if (cause == ENOENT && !rog_pool_is_there(from) && rog_pool_is_there(to))
        return 0;
    return rog_fail(err, ROG_EIO, "cannot rename %s to %s: %s", from, to, strerror(cause));
}

int rog_pool_write(const char *path, const char *part, const struct rog_json *value,
                   struct rog_error *err)
{
    char *text = rog_json_text(value);
    int code = text ? 0 : rog_fail_nomem(err);
    FILE *file = code == 0 ? fopen(part, "wbe") : NULL;
    if (code == 0 && !file)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", part, strerror(errno));
    bool written = file && fprintf(file, "%s\n", text) >= 0;
    if (file && (fclose(file) != 0 || !written) && code == 0)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", part, strerror(errno));
    if (code == 0)
        code = rog_pool_replace(part, path, err);
    if (code < 0 && file)
        unlink(part);
    free(text);
    return code;
}

int rog_pool_read_file(const char *path, size_t max_bytes, struct rog_json **value,
                       struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    struct stat status;
    *value = NULL;
    if (lstat(path, &status) != 0 && errno == ENOENT)
        return rog_fail(err, ROG_ENOTFOUND, "%s does not exist", path);
    /* Reading from a pipe, for example, would block. */
    if (!S_ISREG(status.st_mode))
        return rog_fail(err, ROG_EFORMAT, "%s is not a regular file", path);
    int code = rog_file_read(path, max_bytes, &text, &size, err);
    if (code == 0)
        code = rog_json_parse(text, size, path, value, err);
    if (code == 0 && !rog_json_is_object(*value)) {
        rog_json_free(*value);
        *value = NULL;
        code = rog_fail(err, ROG_EFORMAT, "%s is not an object", path);
    }
    free(text);
    return code;
}
