/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_PICKLE_H
#define ROG_DATA_PICKLE_H

/*
 * Reads numbers from Python's pickles without Python: dicts with strings as keys, which contain
 * dicts and numpy arrays. A pickle is a program for a small stack machine that may call anything;
 * this one has the few operations that such data need (protocols 3 and 4) and calls nothing. The
 * functions that numpy's pickles call, `_reconstruct` and `dtype`, are recognized by name. Anything
 * else is rejected.
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
    uint64_t shape[ROG_PICKLE_DIMS]; /* the last one varies fastest */
    const uint8_t *data;             /* as many bytes as the product of shape and item_bytes */
};

/* `bytes` are borrowed until rog_pickle_free. ROG_EFORMAT: not a pickle, a truncated one, or one
 * that needs other operations; names the byte. ROG_ENOMEM. */
int rog_pickle_read(struct rog_pickle **pickle, const char *bytes, size_t size,
                    struct rog_error *err);
void rog_pickle_free(struct rog_pickle *pickle);

/* Returns the value that was pickled. */
uint32_t rog_pickle_root(const struct rog_pickle *pickle);
/* Return the first entry of a dict in the order of insertion, and the next one; ROG_PICKLE_NOTHING
 * after the last, and if the value is not a dict. */
uint32_t rog_pickle_first(const struct rog_pickle *pickle, uint32_t value);
uint32_t rog_pickle_next(const struct rog_pickle *pickle, uint32_t entry);
struct rog_pickle_text rog_pickle_key(const struct rog_pickle *pickle, uint32_t entry);
uint32_t rog_pickle_value(const struct rog_pickle *pickle, uint32_t entry);
/* Returns the value of a key; ROG_PICKLE_NOTHING if there is none. */
uint32_t rog_pickle_find(const struct rog_pickle *pickle, uint32_t dict, const char *key);
/* Returns NULL if the value is not an array. */
const struct rog_pickle_array *rog_pickle_array(const struct rog_pickle *pickle, uint32_t value);

#endif
