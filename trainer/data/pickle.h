/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_PICKLE_H
#define ROG_DATA_PICKLE_H

/*
 * Reads numbers out of Python's pickles without Python: dicts with texts as keys, in them dicts and
 * numpy arrays. A pickle is a program for a small stack machine that may call anything; this one
 * knows the few operations that such data need (protocols 3 and 4) and calls nothing. What numpy
 * asks to be called, its `_reconstruct` and `dtype`, is recognized by name. Anything else is
 * refused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_PICKLE_DIMS 4
#define ROG_PICKLE_NOTHING UINT32_MAX /* no value, no entry */

struct rog_pickle;

struct rog_pickle_text {
    const char *bytes; /* not terminated */
    size_t size;
};

struct rog_pickle_array {
    char type;           /* 'u' or 'i': whole numbers without or with sign */
    uint32_t item_bytes; /* 1, 2, 4 or 8, little endian */
    uint32_t dims;
    uint64_t shape[ROG_PICKLE_DIMS]; /* the last one runs fastest */
    const uint8_t *data;             /* the product of shape and item_bytes */
};

/* `bytes` are borrowed until rog_pickle_free. ROG_EFORMAT: no pickle, a truncated one, or one that
 * needs more than the above; names the byte. ROG_ENOMEM. */
int rog_pickle_read(struct rog_pickle **pickle, const char *bytes, size_t size,
                    struct rog_error *err);
void rog_pickle_free(struct rog_pickle *pickle);

/* The value that the pickle is of. */
uint32_t rog_pickle_root(const struct rog_pickle *pickle);
/* The first entry of a dict in the order of insertion, and the next one; ROG_PICKLE_NOTHING behind
 * the last, and of what is no dict. */
uint32_t rog_pickle_first(const struct rog_pickle *pickle, uint32_t value);
uint32_t rog_pickle_next(const struct rog_pickle *pickle, uint32_t entry);
struct rog_pickle_text rog_pickle_key(const struct rog_pickle *pickle, uint32_t entry);
uint32_t rog_pickle_value(const struct rog_pickle *pickle, uint32_t entry);
/* The value of that key; ROG_PICKLE_NOTHING: there is none. */
uint32_t rog_pickle_find(const struct rog_pickle *pickle, uint32_t dict, const char *key);
/* NULL: the value is no array. */
const struct rog_pickle_array *rog_pickle_array(const struct rog_pickle *pickle, uint32_t value);

#endif
