/* SPDX-License-Identifier: Apache-2.0 */
/* Reads numbers and words from sysfs. */
#include <trainer/power/sysfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>

bool rog_sysfs_text(const char *dir, const char *name, char text[ROG_SYSFS_TEXT_BYTES])
{
    text[0] = '\0';
    char *path = rog_path_join(dir, name);
    if (!path) {
        errno = ENOMEM;
        return false;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, ROG_SYSFS_TEXT_BYTES);
    int cause = errno;
    close(fd);
    errno = got < 0 ? cause : EFBIG;
    if (got < 0 || got == ROG_SYSFS_TEXT_BYTES) {
        text[0] = '\0';
        return false;
    }
    text[got] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return true;
}

int rog_sysfs_number(const char *dir, const char *name, double *value, struct rog_error *err)
{
    char text[ROG_SYSFS_TEXT_BYTES];
    if (!rog_sysfs_text(dir, name, text)) {
        int cause = errno;
        return rog_fail(err, cause == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot read %s/%s: %s%s",
                        dir, name, strerror(cause),
                        cause == EACCES ? " (run as root, or grant read permission)" : "");
    }
    char *end = NULL;
    *value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(*value))
        return rog_fail(err, ROG_EFORMAT, "%s/%s must be a number (found \"%s\")", dir, name, text);
    return ROG_OK;
}

static int by_version(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

int rog_sysfs_each(const char *root, const char *dir, const char *prefix,
                   int (*visit)(const char *path, void *user, struct rog_error *err), void *user,
                   struct rog_error *err)
{
    struct dirent **entries = NULL;
    int count = 0, code = ROG_OK;
    char *folder = rog_path_join(root, dir);
    if (!folder)
        return rog_fail_nomem(err);
    count = scandir(folder, &entries, NULL, by_version);
    if (count < 0 && errno != ENOENT && errno != ENOTDIR)
        code = rog_fail(err, ROG_EIO, "cannot list %s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (code >= 0 && name[0] != '.' && strncmp(name, prefix, strlen(prefix)) == 0) {
            char *path = rog_path_join(folder, name);
            code = path ? visit(path, user, err) : rog_fail_nomem(err);
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
    free(folder);
    return code;
}
