/* SPDX-License-Identifier: Apache-2.0 */
/* Files, folders and paths: reading whole files, atomic writes, cache folders. */
#include <common/file.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/ran_out.h>
#include <common/temporary.h>

static int fail_errno(struct rog_error *err, const char *verb, const char *path)
{
    int cause = errno;
    return rog_fail(err, cause == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot %s %s: %s", verb, path,
                    strerror(cause));
}

int rog_file_open_regular(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

FILE *rog_file_stream_regular(const char *path)
{
    int fd = rog_file_open_regular(path);
    FILE *file = fd >= 0 ? fdopen(fd, "rb") : NULL;
    int cause = errno;
    if (fd >= 0 && !file)
        close(fd);
    errno = cause;
    return file;
}

int rog_file_read(const char *path, size_t max_bytes, char **data, size_t *size,
                  struct rog_error *err)
{
    int code = 0;
    char *bytes = NULL;
    size_t used = 0, room = 0;

    FILE *file = fopen(path, "rbe");
    if (!file)
        return fail_errno(err, "open", path);
    for (;;) {
        if (used + 1 >= room) {
            room = room ? 2 * room : 65536;
            char *grown = realloc(bytes, room);
            if (!grown) {
                code = rog_fail_nomem(err);
                goto out;
            }
            bytes = grown;
        }
        errno = 0;
        size_t got = fread(bytes + used, 1, room - used - 1, file);
        used += got;
        if (used > max_bytes) {
            code = rog_fail(err, ROG_EFORMAT, "%s is larger than the %zu bytes allowed here", path,
                            max_bytes);
            goto out;
        }
        if (!got) {
            if (ferror(file))
                code = fail_errno(err, "read", path);
            break;
        }
    }
out:
    fclose(file);
    if (code) {
        free(bytes);
        return code;
    }
    bytes[used] = '\0';
    *data = bytes;
    *size = used;
    return 0;
}

/* Creates a file with the mode that any other file gets, unlike mkostemp. (The umask cannot be read
 * without changing it for all threads.) */
static int create(const char *name)
{
    return open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

int rog_file_writer_open(struct rog_file_writer *writer, const char *path, struct rog_error *err)
{
    int code = 0;
    *writer = (struct rog_file_writer){0};
    char *dir = rog_path_dir(path);
    writer->path = rog_strdup(path);
    if (!dir || !writer->path) {
        code = rog_fail_nomem(err);
        goto out;
    }
    code = rog_dir_make(dir, err);
    if (code)
        goto out;
    rog_temporary_clean(dir, rog_dir_remove);
    int fd = rog_temporary_make(path, create, &writer->temporary);
    if (fd < 0) {
        code = fail_errno(err, "write", path);
        goto out;
    }
    writer->file = fdopen(fd, "wb");
    if (!writer->file) {
        code = fail_errno(err, "open", writer->temporary);
        close(fd);
        unlink(writer->temporary);
    }
out:
    free(dir);
    if (code) {
        free(writer->path);
        free(writer->temporary);
        *writer = (struct rog_file_writer){0};
    }
    return code;
}

int rog_file_writer_commit(struct rog_file_writer *writer, struct rog_error *err)
{
    int code = 0;
    if (rog_ran_out()) {
        rog_file_writer_discard(writer);
        return rog_fail_nomem(err);
    }
    bool failed =
        fflush(writer->file) != 0 || ferror(writer->file) || fsync(fileno(writer->file)) != 0;
    /* Rename while it is locked, because an unlocked file counts as left over. */
    if (failed || rename(writer->temporary, writer->path) != 0)
        code = fail_errno(err, "write", writer->path);
    if (code)
        unlink(writer->temporary);
    fclose(writer->file); /* everything is on the disk */
    writer->file = NULL;
    free(writer->path);
    free(writer->temporary);
    writer->path = writer->temporary = NULL;
    return code;
}

void rog_file_writer_discard(struct rog_file_writer *writer)
{
    if (writer->file)
        fclose(writer->file);
    if (writer->temporary)
        unlink(writer->temporary);
    free(writer->path);
    free(writer->temporary);
    *writer = (struct rog_file_writer){0};
}

int rog_file_write(const char *path, const void *data, size_t size, struct rog_error *err)
{
    struct rog_file_writer writer;
    int code = rog_file_writer_open(&writer, path, err);
    if (code)
        return code;
    if (size && fwrite(data, 1, size, writer.file) != size) {
        code = fail_errno(err, "write", path);
        rog_file_writer_discard(&writer);
        return code;
    }
    return rog_file_writer_commit(&writer, err);
}

int rog_dir_make(const char *path, struct rog_error *err)
{
    char *part = rog_strdup(path);
    if (!part)
        return rog_fail_nomem(err);
    int code = 0;
    for (char *slash = part; slash && !code;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        if (*part && mkdir(part, 0777) != 0 && errno != EEXIST)
            code = fail_errno(err, "create the folder", part);
        if (slash)
            *slash = '/';
    }
    struct stat info;
    if (!code && (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)))
        code = rog_fail(err, ROG_EIO, "%s exists and is not a folder", path);
    free(part);
    return code;
}

static int remove_tree(int parent, const char *name, const char *path, struct rog_error *err)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return fail_errno(err, "remove", path);

    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "remove", path);
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return fail_errno(err, "remove", path);
    }
    int code = 0;
    const struct dirent *entry;
    while (!code && (entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        char *child = rog_path_join(path, entry->d_name);
        code = child ? remove_tree(fd, entry->d_name, child, err) : rog_fail_nomem(err);
        free(child);
    }
    closedir(dir);
    if (!code && unlinkat(parent, name, AT_REMOVEDIR) != 0)
        code = fail_errno(err, "remove", path);
    return code;
}

int rog_dir_remove(const char *path, struct rog_error *err)
{
    return remove_tree(AT_FDCWD, path, path, err);
}

bool rog_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Records that memory ran out, because many callers do not check these strings. */
static char *made(char *text)
{
    if (!text)
        rog_ran_out_note();
    return text;
}

char *rog_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return made(text);
}

char *rog_strdup(const char *text)
{
    return text ? made(strdup(text)) : NULL;
}

char *rog_path_join(const char *dir, const char *name)
{
    if (name[0] == '/')
        return made(strdup(name));
    size_t length = strlen(dir);
    bool slash = length > 0 && dir[length - 1] == '/';
    return rog_format("%s%s%s", dir, slash ? "" : "/", name);
}

char *rog_path_of_rank(const char *path, uint32_t rank)
{
    char *result = rog_strdup(path);
    char *found;
    while (result && (found = strstr(result, ROG_RANK_MARK))) {
        *found = '\0';
        char *longer = rog_format("%s%u%s", result, rank, found + strlen(ROG_RANK_MARK));
        free(result);
        result = longer;
    }
    return result;
}

char *rog_path_argument(const char *path)
{
    return path[0] == '-' ? rog_format("./%s", path) : rog_strdup(path);
}

char *rog_path_real(const char *path)
{
    char *real = realpath(path, NULL);
    return real || errno != ENOMEM ? real : made(NULL);
}

char *rog_path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return made(strdup("."));
    return made(strndup(path, slash == path ? 1 : (size_t)(slash - path)));
}

/* Returns whether this user may trust the owner of a folder with files that are executed. */
static bool is_own(uid_t owner)
{
    const char *before = geteuid() == 0 ? getenv("SUDO_UID") : NULL;
    return owner == geteuid() || owner == 0 ||
           (before && before[0] && owner == (uid_t)strtoul(before, NULL, 10));
}

/* A user's own group, as in Debian, does not make a folder shared. */
static bool is_shared(const struct stat *status)
{
    return (status->st_mode & S_IWOTH) ||
           ((status->st_mode & S_IWGRP) && status->st_gid != getegid() && status->st_gid != 0);
}

bool rog_dir_is_private(const struct stat *status)
{
    return is_own(status->st_uid) && !is_shared(status);
}

bool rog_dir_keeps_entries(const struct stat *status)
{
    return !is_shared(status) || (status->st_mode & S_ISVTX);
}

/* Files in a cache are used without further checks, including programs and models, so other users
 * must not be able to write there. */
static int check_cache(const char *dir, bool is_last, struct rog_error *err)
{
    struct stat status;
    if (stat(dir, &status) != 0)
        return 0; /* it is created later; if that fails, the error is reported then */
    if (is_last && !is_own(status.st_uid))
        return rog_fail(err, ROG_EINVAL,
                        "%s: this cache folder belongs to user %u, and its contents are trusted; "
                        "hint: set XDG_CACHE_HOME to a folder owned by you",
                        dir, (unsigned)status.st_uid);
    if (is_last ? !is_shared(&status) : rog_dir_keeps_entries(&status))
        return 0;
    /* Existing files in it may have been created with the same permissions. */
    return rog_fail(
        err, ROG_EINVAL,
        "%s: other users can write into this cache folder (mode %03o), and its contents are "
        "trusted; hint: chmod -R go-w %s, or set XDG_CACHE_HOME to a folder owned by you",
        dir, (unsigned)status.st_mode & 0777u, dir);
}

static int check_caches(const char *dir, struct rog_error *err)
{
    char *parent = rog_path_dir(dir);
    int code = parent ? check_cache(parent, false, err) : rog_fail_nomem(err);
    free(parent);
    return code ? code : check_cache(dir, true, err);
}

char *rog_cache_dir(struct rog_error *err)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    char *dir = NULL;
    if (cache && cache[0] == '/')
        dir = rog_format("%s/rogctl", cache);
    else if (home && home[0])
        dir = rog_format("%s/.cache/rogctl", home);
    else {
        rog_fail(err, ROG_EINVAL,
                 "no folder for cached data: set XDG_CACHE_HOME to a folder, or HOME");
        return NULL;
    }
    if (!dir)
        rog_fail_nomem(err);
    if (dir && check_caches(dir, err)) {
        free(dir);
        dir = NULL;
    }
    return dir;
}

int rog_own_program(char **path, struct rog_error *err)
{
    *path = rog_path_real("/proc/self/exe");
    return *path             ? 0
           : errno == ENOMEM ? rog_fail_nomem(err)
                             : rog_fail(err, ROG_EIO,
                                        "cannot find the file of this program: %s; hint: it may "
                                        "have been replaced since it was started",
                                        strerror(errno));
}

/* Finds the file that contains this code: a program, or a shared library that a program has
 * loaded. */
static bool own_file(char path[PATH_MAX])
{
    Dl_info info;
    if (dladdr((const void *)(uintptr_t)own_file, &info) && info.dli_fname &&
        strstr(info.dli_fname, ".so") && realpath(info.dli_fname, path))
        return true;
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static bool ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), tail = strlen(ending);
    return length >= tail && strcmp(path + length - tail, ending) == 0;
}

char *rog_install_path(const char *what, struct rog_error *err)
{
    char program[PATH_MAX];
    if (!own_file(program)) {
        fail_errno(err, "read", "/proc/self/exe");
        return NULL;
    }
    char *bin = rog_path_dir(program);
    char *prefix = bin ? rog_path_dir(bin) : NULL;
    bool is_below_lib = prefix && strstr(strrchr(program, '/'), ".so") && !ends_in(bin, "/lib") &&
                        ends_in(prefix, "/lib");
    if (is_below_lib) {
        char *lib = prefix;
        prefix = rog_path_dir(lib);
        free(lib);
    }
    char *path = prefix ? rog_path_join(prefix, what) : NULL;
    free(bin);
    free(prefix);
    if (!path)
        rog_fail_nomem(err);
    return path;
}

char *rog_install_library(const char *name, struct rog_error *err)
{
    static const char *const folders[] = {"lib/" ROG_ARCHITECTURE, "lib"};
    char *path = NULL;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *folder = rog_install_path(folders[i], err);
        free(path);
        path = folder ? rog_path_join(folder, name) : NULL;
        if (folder && !path)
            rog_fail_nomem(err);
        free(folder);
        if (!path || rog_file_exists(path))
            break;
    }
    return path;
}
