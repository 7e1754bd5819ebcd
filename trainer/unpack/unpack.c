/* SPDX-License-Identifier: Apache-2.0 */
/* Receives a deployment: first the objects, then the tree. */
#include <trainer/unpack/unpack.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <common/file.h>
#include <common/hash.h>
#include <trainer/unpack/objects.h>
#include <trainer/unpack/tree.h>

#define PART "part-"
#define OLD_S (24 * 3600)

/* Removes what killed processes have left. It is not an error if that fails. */
static void remove_old_parts(const char *root)
{
    time_t now_s = time(NULL);
    DIR *folder = opendir(root);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        struct stat info;
        char *path = strncmp(entry->d_name, PART, strlen(PART)) == 0
                         ? rog_path_join(root, entry->d_name)
                         : NULL;
        if (path && lstat(path, &info) == 0 && now_s - info.st_mtime > OLD_S)
            rog_dir_remove(path, NULL);
        free(path);
    }
    if (folder)
        closedir(folder);
}

int rog_unpack(const char *root, const char *hash, size_t count, int input, struct rog_error *err)
{
    if (root[0] != '/' || strspn(hash, "0123456789abcdef") != ROG_SHA256_HEX_BYTES - 1 ||
        hash[ROG_SHA256_HEX_BYTES - 1])
        return rog_fail(err, ROG_EINVAL, "no tree %s in %s", hash, root);
    remove_old_parts(root);
    char *part = rog_format("%s/" PART "XXXXXX", root);
    if (!part)
        return rog_fail_nomem(err);
    int code = ROG_OK;
    if (!mkdtemp(part)) {
        code = rog_fail(err, ROG_EIO, "cannot create the folder %s: %s", part, strerror(errno));
    } else {
        code = rog_unpack_objects(input, root, part, count, err);
        if (!code)
            code = rog_unpack_tree(root, part, hash, err);
        rog_dir_remove(part, NULL);
    }
    free(part);
    return code;
}
