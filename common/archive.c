/* SPDX-License-Identifier: Apache-2.0 */
/* Saves and loads members, one by one. */
#include <common/archive.h>

#include <string.h>

void rog_archive_save(struct rog_archive *archive,
                      int (*take)(void *user, const void *bytes, size_t size,
                                  struct rog_error *err),
                      void *user)
{
    *archive = (struct rog_archive){.take = take, .user = user};
}

void rog_archive_load(struct rog_archive *archive, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    *archive = (struct rog_archive){.loading = true, .at = at, .end = at + size};
}

void rog_archive_refuse(struct rog_archive *archive, const char *what)
{
    if (!rog_archive_failed(archive))
        rog_fail(&archive->err, ROG_EFORMAT, "it is damaged: %s", what);
}

void rog_archive_nomem(struct rog_archive *archive)
{
    if (!rog_archive_failed(archive))
        rog_fail_nomem(&archive->err);
}

static void hand_on(struct rog_archive *archive, const void *bytes, size_t size)
{
    if (size > 0 && !rog_archive_failed(archive))
        archive->take(archive->user, bytes, size, &archive->err);
}

static void hand_on_kept(struct rog_archive *archive)
{
    hand_on(archive, archive->keep, archive->kept);
    archive->kept = 0;
}

int rog_archive_end(struct rog_archive *archive, struct rog_error *err)
{
    if (!archive->loading)
        hand_on_kept(archive);
    else if (archive->at != archive->end)
        rog_archive_refuse(archive, "there is extra data after its end");
    return archive->err.code ? rog_fail_again(err, &archive->err) : ROG_OK;
}

static void load(struct rog_archive *archive, void *bytes, size_t size)
{
    if (!rog_archive_failed(archive) && (size_t)(archive->end - archive->at) < size)
        rog_archive_refuse(archive, "it is truncated");
    if (rog_archive_failed(archive) || size == 0)
        return;
    memcpy(bytes, archive->at, size);
    archive->at += size;
}

void rog_archive_bytes(struct rog_archive *archive, void *bytes, size_t size)
{
    if (archive->loading) {
        load(archive, bytes, size);
        return;
    }
    if (size > sizeof archive->keep - archive->kept)
        hand_on_kept(archive);
    if (size > sizeof archive->keep) {
        hand_on(archive, bytes, size);
    } else if (size > 0) {
        memcpy(archive->keep + archive->kept, bytes, size);
        archive->kept += size;
    }
}

void rog_archive_u32(struct rog_archive *archive, uint32_t *value)
{
    rog_archive_bytes(archive, value, sizeof *value);
}

void rog_archive_u64(struct rog_archive *archive, uint64_t *value)
{
    rog_archive_bytes(archive, value, sizeof *value);
}

void rog_archive_size(struct rog_archive *archive, size_t *value)
{
    rog_archive_bytes(archive, value, sizeof *value);
}

void rog_archive_real(struct rog_archive *archive, double *value)
{
    rog_archive_bytes(archive, value, sizeof *value);
}

void rog_archive_flag(struct rog_archive *archive, bool *value)
{
    uint32_t number = *value;
    rog_archive_number(archive, &number, 1, "a flag");
    *value = number == 1;
}

void rog_archive_within(struct rog_archive *archive, double *value, double least, double most,
                        const char *what)
{
    double number = *value;
    rog_archive_real(archive, &number);
    if (archive->loading && !(number >= least && number <= most))
        rog_archive_refuse(archive, what);
    if (!rog_archive_failed(archive))
        *value = number;
}

void rog_archive_number(struct rog_archive *archive, uint32_t *value, uint32_t most,
                        const char *what)
{
    uint32_t number = *value;
    rog_archive_u32(archive, &number);
    if (archive->loading && number > most)
        rog_archive_refuse(archive, what);
    if (!rog_archive_failed(archive))
        *value = number;
}

void rog_archive_count(struct rog_archive *archive, uint32_t *count, size_t item_bytes,
                       const char *what)
{
    rog_archive_u32(archive, count);
    if (!archive->loading)
        return;
    if (*count > (size_t)(archive->end - archive->at) / item_bytes)
        rog_archive_refuse(archive, what);
    if (rog_archive_failed(archive))
        *count = 0;
}

void rog_archive_same(struct rog_archive *archive, uint64_t value, const char *what)
{
    uint64_t number = value;
    rog_archive_u64(archive, &number);
    if (archive->loading && number != value)
        rog_archive_refuse(archive, what);
}
