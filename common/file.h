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
 * that is not counted in *size. ROG_EFORMAT: the file has more than max_bytes. */
int rog_file_read(const char *path, size_t max_bytes, char **data, size_t *size,
                  struct rog_error *err);

/* Opens a regular file for reading that other users may have replaced. Returns -1 or NULL on
 * failure, with errno; EINVAL: not a regular file. Does not wait for a FIFO. */
int rog_file_open_regular(const char *path);
FILE *rog_file_stream_regular(const char *path);

/* Writes a file atomically: a temporary file beside it (temporary.h), fsync, rename. Missing parent
 * folders are created. */
int rog_file_write(const char *path, const void *data, size_t size, struct rog_error *err);

/* The same in steps, for content that is produced in pieces. rog_file_writer_commit closes and
 * renames; rog_file_writer_discard removes what was written and has no effect after a commit. */
struct rog_file_writer {
    FILE *file;      /* write here; NULL if not open */
    char *path;      /* final name */
    char *temporary; /* name of the temporary file */
};
int rog_file_writer_open(struct rog_file_writer *writer, const char *path, struct rog_error *err);
int rog_file_writer_commit(struct rog_file_writer *writer, struct rog_error *err);
void rog_file_writer_discard(struct rog_file_writer *writer);

/* mkdir -p. */
int rog_dir_make(const char *path, struct rog_error *err);
/* rm -r; a missing path is not an error. Never follows a link. */
int rog_dir_remove(const char *path, struct rog_error *err);

struct stat;
/* rog_dir_is_private returns whether only this user can write into a folder with this status;
 * rog_dir_keeps_entries, whether others at least cannot replace this user's files in it. */
bool rog_dir_is_private(const struct stat *status);
bool rog_dir_keeps_entries(const struct stat *status);

bool rog_file_exists(const char *path);

/* printf into heap memory; NULL only if memory ran out. */
char *rog_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* strdup that accepts NULL. */
char *rog_strdup(const char *text);
/* Returns "dir/name", or a copy of name if it is absolute. */
char *rog_path_join(const char *dir, const char *name);
/* Returns the absolute path without links, heap memory; NULL, with errno, if it does not exist. */
char *rog_path_real(const char *path);
/* Returns everything before the last slash, "." if there is none. */
char *rog_path_dir(const char *path);

#define ROG_RANK_MARK "{rank}"
/* Returns the path that a worker reads: ROG_RANK_MARK is replaced by its rank. Heap memory, NULL if
 * out of memory. */
char *rog_path_of_rank(const char *path, uint32_t rank);

/* Returns a path as a word of a command line that no program mistakes for an option: "./-x" for
 * "-x". Heap memory, NULL if out of memory. */
char *rog_path_argument(const char *path);

/* Returns <cache>/rogctl, where <cache> is $XDG_CACHE_HOME or ~/.cache. Not created. NULL, with
 * ROG_EINVAL, if there is no such folder, or other users can write there. */
char *rog_cache_dir(struct rog_error *err);

/* Returns the file of the running program, absolute, heap memory. ROG_EIO: it does not exist, for
 * example because it was replaced or removed. */
int rog_own_program(char **path, struct rog_error *err);

/*
 * Returns a folder of the installation, found from the running program (PREFIX/bin/x), or from
 * librog if this code is in it (PREFIX/lib/librog.so, PREFIX/lib/ARCHITECTURE/librog.so): `what` is
 * "bin", "lib/rog/plugins" or "share/rog"; the result is PREFIX/what. The build tree has the same
 * structure, so a program runs from there as if it were installed.
 */
char *rog_install_path(const char *what, struct rog_error *err);
/* Returns the library with that name in lib or its subfolder for the architecture; PREFIX/lib/NAME
 * if it is in neither. */
char *rog_install_library(const char *name, struct rog_error *err);

#endif
