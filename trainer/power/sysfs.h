/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POWER_SYSFS_H
#define ROG_POWER_SYSFS_H

/* Reads attributes of sysfs: files of one short line. */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

#define ROG_SYSFS_TEXT_BYTES 128

/* Returns the line without its end, "" if the attribute is empty. False if it cannot be read (see
 * errno) or is too long. */
bool rog_sysfs_text(const char *dir, const char *name, char text[ROG_SYSFS_TEXT_BYTES]);

/* Reads a number. ROG_ENOTFOUND no such attribute, ROG_EIO it cannot be read, ROG_EFORMAT it is not
 * a number. */
int rog_sysfs_number(const char *dir, const char *name, double *value, struct rog_error *err);

/* Calls visit for each entry of root/dir whose name begins with `prefix`, in the order of the names
 * (numbers in them by value), until it returns a negative code. A missing folder has no entries.
 * `path` is root/dir/entry. */
int rog_sysfs_each(const char *root, const char *dir, const char *prefix,
                   int (*visit)(const char *path, void *user, struct rog_error *err), void *user,
                   struct rog_error *err);

#endif
