/* SPDX-License-Identifier: Apache-2.0 */
/* Copies and moves trees of files. */
#include <orchestrator/pool/tree.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/snapshot.h>

#define DEEPEST 16 /* limit of nested folders; runs have fewer */
#define CHUNK_BYTES (1 << 20)

static int fail(struct rog_error *err, const char *what, const char *path)
{
    return rog_fail(err, ROG_EIO, "cannot %s %s: %s", what, path, strerror(errno));
}

static int copy_bytes(int in, int out, const char *from, const char *to, struct rog_error *err)
{
    char *chunk = malloc(CHUNK_BYTES);
    int code = chunk ? 0 : rog_fail_nomem(err);
    ssize_t got = 0;
    while (code == 0 && (got = read(in, chunk, CHUNK_BYTES)) > 0)
        for (ssize_t done = 0, put; code == 0 && done < got; done += put)
            if ((put = write(out, chunk + done, (size_t)(got - done))) < 0)
                code = fail(err, "write", to);
    if (code == 0 && got < 0)
        code = fail(err, "read", from);
    free(chunk);
    return code;
}

static int copy_file(const char *from, const char *to, bool linked, struct rog_error *err)
{
    if (linked && link(from, to) == 0)
        return 0;
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (in < 0)
        return fail(err, "read", from);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    int code = out < 0 ? fail(err, "write", to) : copy_bytes(in, out, from, to, err);
    close(in);
    if (out >= 0 && close(out) != 0 && code == 0)
        code = fail(err, "write", to);
    return code;
}

static int copy_folder(const char *from, const char *to, const char *linked, bool is_linked,
                       int depth, struct rog_error *err);

static int copy_entry(const char *from, const char *to, const char *name, const char *linked,
                      bool is_linked, int depth, struct rog_error *err)
{
    struct stat status;
    char *old = rog_path_join(from, name), *new = rog_path_join(to, name);
    int code = old && new ? 0 : rog_fail_nomem(err);
    bool links = is_linked || (linked && strcmp(name, linked) == 0);
    if (code == 0 && lstat(old, &status) != 0)
        code = errno == ENOENT ? 0 : fail(err, "look at", old); /* a temporary file, now removed */
    else if (code == 0 && S_ISDIR(status.st_mode))
        code = copy_folder(old, new, linked, links, depth + 1, err);
    else if (code == 0 && S_ISREG(status.st_mode))
        code = copy_file(old, new, links, err);
    free(old);
    free(new);
    return code;
}

static int copy_folder(const char *from, const char *to, const char *linked, bool is_linked,
                       int depth, struct rog_error *err)
{
    if (depth > DEEPEST)
        return rog_fail(err, ROG_EIO, "cannot copy %s: folders are nested too deeply", from);
    if (mkdir(to, 0755) != 0 && errno != EEXIST)
        return fail(err, "make", to);
    DIR *dir = opendir(from);
    if (!dir)
        return fail(err, "read", from);
    int code = 0;
    struct dirent *entry;
    while (code == 0 && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        bool is_self = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        bool is_first = depth == 0 && strcmp(name, ROG_SNAPSHOT_FOLDER) == 0;
        if (!is_self && !is_first && !strstr(name, ".rogpart-"))
            code = copy_entry(from, to, name, linked, is_linked, depth, err);
    }
    closedir(dir);
    return code;
}

int rog_tree_copy(const char *from, const char *to, const char *linked, struct rog_error *err)
{
    if (mkdir(to, 0755) != 0 && errno != EEXIST)
        return fail(err, "make", to);
    int code = copy_entry(from, to, ROG_SNAPSHOT_FOLDER, linked, false, 0, err);
    return code < 0 ? code : copy_folder(from, to, linked, false, 0, err);
}

int rog_tree_move(const char *from, const char *to, struct rog_error *err)
{
    int code = rog_dir_remove(to, err);
    if (code < 0 || rename(from, to) == 0)
        return code;
    if (errno != EXDEV)
        return fail(err, "move", from);
    char *part = rog_format("%s.part", to);
    code = part ? rog_dir_remove(part, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_tree_copy(from, part, NULL, err);
    if (code == 0 && rename(part, to) != 0)
        code = fail(err, "rename", part);
    if (code == 0)
        code = rog_dir_remove(from, err);
    free(part);
    return code;
}
