/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_CIFAR_H
#define ROG_DATA_CIFAR_H

/*
 * CIFAR-100's binary format (Krizhevsky 2009): records of one byte coarse label, one byte fine
 * label and three planes of 32 x 32 bytes, red, green, blue. The fine label (0..99) is the class.
 */

#include <rog/error.h>
#include <trainer/data/dataset.h>

#define ROG_CIFAR_CLASSES 100
#define ROG_CIFAR_EDGE 32
#define ROG_CIFAR_RECORD_BYTES (2 + 3 * ROG_CIFAR_EDGE * ROG_CIFAR_EDGE)
#define ROG_CIFAR_TRAIN_RECORDS 50000u
#define ROG_CIFAR_TEST_RECORDS 10000u
#define ROG_CIFAR_ANY_RECORDS 0u /* as many as the file has */

/* Reads a file that must hold exactly `records` records (ROG_CIFAR_ANY_RECORDS: one or more).
 * ROG_EFORMAT names the file, its size and the size expected, or the record whose label is out of
 * range. */
int rog_cifar_read(struct rog_dataset **dataset, const char *path, uint32_t records,
                   struct rog_error *err);

/* Checks whether rog_cifar_read would succeed, in about a thousandth of its time. */
int rog_cifar_check(const char *path, uint32_t records, struct rog_error *err);

/* Writes such a file; replaces an existing one. The coarse label, which no reader here uses, is 0.
 * ROG_EINVAL: images of another size, or more classes. */
int rog_cifar_write(const struct rog_dataset *dataset, const char *path, struct rog_error *err);

/* Returns the published name of a fine label, 0..99, such as "aquarium_fish". At most `bytes`, 32
 * are enough. */
void rog_cifar_class_name(uint32_t label, char *text, size_t bytes);

#endif
