/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_ARCHIVE_H
#define ROG_COMMON_ARCHIVE_H

/*
 * State as bytes, and back. A module describes its state in one function, which visits it member by
 * member; the archive either saves or loads each member. So saving and loading cannot differ:
 *
 *     void rog_thing_archive(struct rog_thing *thing, struct rog_archive *archive) {
 *         rog_archive_u64(archive, &thing->order); rog_archive_number(archive, &thing->phase,
 *         LAST_PHASE, "a phase"); ...
 *     }
 *
 * The first error is kept, nothing is done after it, and rog_archive_end returns it. Values loaded
 * after an error are 0 or unchanged, so that loops over them end. Numbers are checked when they are
 * loaded: truncated or forged bytes are rejected and never become an index, a length or a number
 * that other code relies on. Bytes are in the format of this machine and this build: code that
 * stores them must also store what they belong to.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_ARCHIVE_KEPT_BYTES 4096

struct rog_archive {
    bool loading;
    struct rog_error err; /* code 0: no error so far */
    /* Loading: the remaining bytes. */
    const uint8_t *at, *end;
    /* Saving: the receiver of the bytes, in pieces, and small pieces that it has not received
     * yet. */
    int (*take)(void *user, const void *bytes, size_t size, struct rog_error *err);
    void *user;
    size_t kept;
    uint8_t keep[ROG_ARCHIVE_KEPT_BYTES];
};

void rog_archive_save(struct rog_archive *archive,
                      int (*take)(void *user, const void *bytes, size_t size,
                                  struct rog_error *err),
                      void *user);
/* bytes: borrowed. */
void rog_archive_load(struct rog_archive *archive, const void *bytes, size_t size);
/* Ends the state: passes on the last piece, or checks that no bytes are left. ROG_EFORMAT: the
 * bytes are invalid; ROG_ENOMEM; or the code of `take`. */
int rog_archive_end(struct rog_archive *archive, struct rog_error *err);

static inline bool rog_archive_failed(const struct rog_archive *archive)
{
    return archive->err.code != 0;
}
/* For loading: rejects the bytes because `what` is invalid. */
void rog_archive_refuse(struct rog_archive *archive, const char *what);
/* Fails because memory ran out. */
void rog_archive_nomem(struct rog_archive *archive);

/* Any bytes: arrays of numbers in which any value is valid. */
void rog_archive_bytes(struct rog_archive *archive, void *bytes, size_t size);
void rog_archive_u32(struct rog_archive *archive, uint32_t *value);
void rog_archive_u64(struct rog_archive *archive, uint64_t *value);
void rog_archive_size(struct rog_archive *archive, size_t *value);
void rog_archive_real(struct rog_archive *archive, double *value);
/* The following functions reject invalid values. */
void rog_archive_flag(struct rog_archive *archive, bool *value);
/* A number in [least, most], not NaN. */
void rog_archive_within(struct rog_archive *archive, double *value, double least, double most,
                        const char *what);
/* An integer in [0, most]. */
void rog_archive_number(struct rog_archive *archive, uint32_t *value, uint32_t most,
                        const char *what);
/* The number of following items, each of at least item_bytes > 0: no more than fit into the
 * remaining bytes. */
void rog_archive_count(struct rog_archive *archive, uint32_t *count, size_t item_bytes,
                       const char *what);
/* A value that is already known: it must be the same. */
void rog_archive_same(struct rog_archive *archive, uint64_t value, const char *what);

#endif
