/* SPDX-License-Identifier: Apache-2.0 */
/* Names and locks of temporary files and folders, and removing left-over ones. */
#include <common/temporary.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".rogpart-"
#define RANDOM_LETTERS 6
#define RANDOM_ALPHABET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define TRIES 100

/* ---- names ---- */

static bool is_temporary(const char *name)
{
    const char *mark = strstr(name, MARK), *letters = mark ? mark + strlen(MARK) : "";
    return mark > name && strlen(letters) == RANDOM_LETTERS &&
           strspn(letters, RANDOM_ALPHABET) == RANDOM_LETTERS;
}

/* Returns NULL with errno. */
static char *draw_name(const char *path)
{
    static const char alphabet[] = RANDOM_ALPHABET;
    unsigned char chance[RANDOM_LETTERS];
    char letters[RANDOM_LETTERS + 1] = "";
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        return NULL;
    for (size_t i = 0; i < RANDOM_LETTERS; i++)
        letters[i] = alphabet[chance[i] % (sizeof alphabet - 1)];
    char *name = NULL;
    return asprintf(&name, "%s" MARK "%s", path, letters) >= 0 ? name : NULL;
}

/* ---- locks ---- */

/* On file systems without such locks, nothing is ever treated as left over. */
static bool lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* A new file may be treated as left over before it is locked: then it has been removed, or will
 * be. */
static bool keep(int fd)
{
    struct stat info;
    return (lock(fd) || errno != EWOULDBLOCK) && fstat(fd, &info) == 0 && info.st_nlink > 0;
}

int rog_temporary_make(const char *path, int (*make)(const char *name), char **name)
{
    for (int i = 0; i < TRIES; i++) {
        *name = draw_name(path);
        int fd = *name ? make(*name) : -1, cause = errno;
        if (fd >= 0 && keep(fd))
            return fd;
        if (fd >= 0)
            close(fd);
        free(*name);
        *name = NULL;
        errno = cause;
        if (fd < 0 && cause != EEXIST)
            return -1;
    }
    errno = EEXIST;
    return -1;
}

/* ---- left-over files ---- */

/* The folder `dir` is the one at `path`. */
static void remove_if_unlocked(int dir, const char *path, const char *name,
                               int (*remove)(const char *path, struct rog_error *err))
{
    struct stat info;
    char *whole = NULL;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    bool is_ours = fstat(fd, &info) == 0 && info.st_uid == geteuid() &&
                   (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
    if (is_ours && lock(fd) && asprintf(&whole, "%s/%s", path, name) >= 0) {
        remove(whole, NULL);
        free(whole);
    }
    close(fd);
}

void rog_temporary_clean(const char *folder, int (*remove)(const char *path, struct rog_error *err))
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (is_temporary(entry->d_name))
            remove_if_unlocked(dirfd(dir), folder, entry->d_name, remove);
    if (dir)
        closedir(dir);
}
