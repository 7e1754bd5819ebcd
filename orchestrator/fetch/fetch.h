/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FETCH_FETCH_H
#define ROG_FETCH_FETCH_H

/* Fetches a published data set: download, checksum, unpacking. */

#include <stdbool.h>
#include <stdint.h>

#include <orchestrator/fetch/sources.h>

struct rog_fetch_observer {
    /* As in struct rog_http_download; returns false to stop (ROG_EINTR). */
    bool (*progress)(int64_t have_bytes, int64_t total_bytes, void *user);
    /* Messages for the user: a URL that failed, the next step. */
    void (*remark)(const char *text, void *user);
    void *user;
};

struct rog_fetched {
    bool was_there; /* nothing had to be done */
    /* The URL it came from, borrowed from the source; NULL: the archive was in the folder
     * already. */
    const char *url;
};

/*
 * Makes sure that the source's files are in `folder` (created if missing). If they are not, the
 * archive in it is used, or downloaded from the first URL that provides it with the right checksum;
 * an interrupted download is continued by the next call. A downloaded archive is removed after it
 * was unpacked, one that was there is kept. Errors: that of the last URL if none works, with
 * instructions for machines without a connection; ROG_EFORMAT for an archive in `folder` with
 * another checksum, and as rog_unpack; ROG_EBUSY another process is downloading it; ROG_EINTR.
 */
int rog_fetch(const struct rog_source *source, const char *folder,
              const struct rog_fetch_observer *observer, struct rog_fetched *fetched,
              struct rog_error *err);

#endif
