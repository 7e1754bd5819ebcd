/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_FILE_H
#define ROG_COMMON_FILE_H

/* Files and paths, with errors that name the file and the cause. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rog/error.h>

/* Reads a whole file. *data is heap memory for the caller to free, with a NUL after the last byte
 * that is not counted in *size. Files over max_bytes are refused (ROG_EFORMAT). */
int rog_file_read(const char *path, size_t max_bytes, char **data, size_t *size,
                  struct rog_error *err);

/* Opens a file to read that others may have put another thing in the place of. -1 or NULL: errno says
 * why; EINVAL: it is no regular file, and a FIFO was not waited for. */
int rog_file_open_regular(const char *path);
FILE *rog_file_stream_regular(const char *path);

/* Writes a file so that it is there whole or not at all: a temporary file beside it (temporary.h),
 * fsync, rename. Missing parent folders are made. */
int rog_file_write(const char *path, const void *data, size_t size, struct rog_error *err);

/* The same in steps, for content that comes piece by piece. rog_file_writer_commit closes and
 * renames; rog_file_writer_discard removes what was written and is harmless after a commit. */
struct rog_file_writer {
    FILE *file;      /* write here, NULL when not open */
    char *path;      /* final name */
    char *temporary; /* name while it is being written */
};
int rog_file_writer_open(struct rog_file_writer *writer, const char *path, struct rog_error *err);
int rog_file_writer_commit(struct rog_file_writer *writer, struct rog_error *err);
void rog_file_writer_discard(struct rog_file_writer *writer);

/* mkdir -p. */
int rog_dir_make(const char *path, struct rog_error *err);
/* rm -r; a missing path is no error. Never follows a link. */
int rog_dir_remove(const char *path, struct rog_error *err);

struct stat;
/* Whether nobody but this user can put anything into a folder that is like that; and whether others
 * can at least not put something else in the place of what this user has there. */
bool rog_dir_is_private(const struct stat *status);
bool rog_dir_keeps_entries(const struct stat *status);

bool rog_file_exists(const char *path);

/* printf into heap memory; NULL only when memory ran out. */
char *rog_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* strdup that takes NULL. */
char *rog_strdup(const char *text);
/* "dir/name", or a copy of name when it is absolute. */
char *rog_path_join(const char *dir, const char *name);
/* Without links, absolute, heap memory; NULL, and errno, when there is none. */
char *rog_path_real(const char *path);
/* Everything before the last slash, "." where there is none. */
char *rog_path_dir(const char *path);

#define ROG_RANK_MARK "{rank}"
/* The path that a worker reads: its rank in the place of each ROG_RANK_MARK. Heap memory, NULL when
 * memory ran out. */
char *rog_path_of_rank(const char *path, uint32_t rank);

/* A path as a word of a command line that no program takes for an option: "./-x" for "-x". Heap
 * memory, NULL when memory ran out. */
char *rog_path_argument(const char *path);

/* <cache>/rogctl, where <cache> is $XDG_CACHE_HOME or ~/.cache. Not created. NULL, with ROG_EINVAL:
 * there is no such place, or other users can write there. */
char *rog_cache_dir(struct rog_error *err);

/* The file of the running program, absolute, heap memory. ROG_EIO: there is none, as where it was
 * replaced or removed meanwhile. */
int rog_own_program(char **path, struct rog_error *err);

/*
 * Where the parts of an installation lie, seen from the running program (PREFIX/bin/x), or from
 * librog where this code is in that (PREFIX/lib/librog.so, PREFIX/lib/ARCHITECTURE/librog.so):
 * `what` is "bin", "lib/rog/plugins" or "share/rog"; the result is PREFIX/what. The build tree has
 * the same shape, so a program runs from there as it does when installed.
 */
char *rog_install_path(const char *what, struct rog_error *err);
/* The library of that name there, in lib or its folder for the architecture: PREFIX/lib/NAME where
 * it is in neither. */
char *rog_install_library(const char *name, struct rog_error *err);

#endif
