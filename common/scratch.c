/* SPDX-License-Identifier: Apache-2.0 */
/* Creates and removes temporary folders. */
#include <common/scratch.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/temporary.h>

static int make_folder(const char *name)
{
    if (mkdir(name, 0700) != 0)
        return -1;
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        errno = EEXIST; /* it was removed as left over: try another name */
    return fd;
}

int rog_scratch_make(struct rog_scratch *scratch, const char *parent, const char *name,
                     struct rog_error *err)
{
    const char *given = getenv("TMPDIR");
    const char *place = parent ? parent : given && given[0] ? given : "/tmp";
    *scratch = (struct rog_scratch){.lock = -1};
    char *path = rog_path_join(place, name);
    if (!path)
        return rog_fail_nomem(err);
    rog_temporary_clean(place, rog_dir_remove);
    scratch->lock = rog_temporary_make(path, make_folder, &scratch->path);
    int code = ROG_OK;
    if (scratch->lock < 0)
        code = rog_fail(err, ROG_EIO, "cannot create a folder in %s: %s%s", place, strerror(errno),
                        parent ? "" : "; set TMPDIR to use another folder");
    free(path);
    return code;
}

int rog_scratch_remove(struct rog_scratch *scratch, struct rog_error *err)
{
    if (!scratch->path)
        return ROG_OK;
    int code = rog_dir_remove(scratch->path, err);
    close(scratch->lock);
    free(scratch->path);
    *scratch = (struct rog_scratch){.lock = -1};
    return code;
}
