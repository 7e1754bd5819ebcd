/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FETCH_FETCH_H
#define ROG_FETCH_FETCH_H

/* Fetches a published data set: download, checksum, unpacking. */

#include <stdbool.h>
#include <stdint.h>

#include <orchestrator/fetch/sources.h>

struct rog_fetch_observer {
    /* As rog_http_download's; false stops (ROG_EINTR). */
    bool (*progress)(int64_t have_bytes, int64_t total_bytes, void *user);
    /* Messages for people: an address that failed, the next step. */
    void (*remark)(const char *text, void *user);
    void *user;
};

struct rog_fetched {
    bool was_there;  /* nothing had to be done */
    const char *url; /* the URL it came from, borrowed from the source; NULL: the archive was
                      * already there */
};

/*
 * Makes sure that the source's files are in `folder` (made where missing). Where they are not, the
 * archive is taken from there, or fetched from the first URL that gives it with the right checksum;
 * a fetch that was cut off is continued by the next call. A fetched archive is removed after it was
 * unpacked, one that was there stays. Errors: the last URL's where none serves, in words that say
 * what to do without a connection; ROG_EFORMAT for an archive in `folder` with another checksum,
 * and as rog_unpack; ROG_EBUSY another process is fetching it; ROG_EINTR.
 */
int rog_fetch(const struct rog_source *source, const char *folder,
              const struct rog_fetch_observer *observer, struct rog_fetched *fetched,
              struct rog_error *err);

#endif
