/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads files, and continues interrupted downloads. */
#include <orchestrator/http/http.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/http/http_state.h>

#define TELL_EVERY_S 0.2

struct fetch {
    struct rog_http *http;
    const struct rog_http_download *wanted;
    char *part;
    int fd;
    int64_t have_bytes; /* size of the partial file */
    int64_t base_bytes; /* size of the partial file before this transfer */
    double told_s;      /* time of the last call of `progress` */
    bool begun;         /* the first bytes of this transfer have arrived */
    bool too_long, stopped;
    int write_errno;
};

static int fail_errno(struct rog_error *err, const char *verb, const char *path)
{
    return rog_fail(err, ROG_EIO, "cannot %s %s: %s", verb, path, strerror(errno));
}

/* Opens the partial file and locks it. */
static int open_part(struct fetch *fetch, struct rog_error *err)
{
    char *dir = rog_path_dir(fetch->part);
    int code = dir ? rog_dir_make(dir, err) : rog_fail_nomem(err);
    free(dir);
    if (code)
        return code;
    for (;;) {
        fetch->fd = open(fetch->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        struct stat mine, now;
        if (fetch->fd < 0)
            return fail_errno(err, "open", fetch->part);
        if (flock(fetch->fd, LOCK_EX | LOCK_NB) != 0 || fstat(fetch->fd, &mine) != 0)
            return errno == EWOULDBLOCK
                       ? rog_fail(err, ROG_EBUSY, "%s is being fetched by another process",
                                  fetch->wanted->path)
                       : fail_errno(err, "lock", fetch->part);
        /* Between opening and locking, another process may have finished the file and renamed
         * it. */
        if (stat(fetch->part, &now) == 0 && now.st_ino == mine.st_ino &&
            now.st_dev == mine.st_dev) {
            fetch->have_bytes = (int64_t)mine.st_size;
            return 0;
        }
        close(fetch->fd);
    }
}

static int start_over(struct fetch *fetch, struct rog_error *err)
{
    fetch->have_bytes = fetch->base_bytes = 0;
    return ftruncate(fetch->fd, 0) == 0 ? 0 : fail_errno(err, "write", fetch->part);
}

/* Returns the largest size that the file may have. */
static int64_t most_bytes(const struct rog_http_download *wanted)
{
    if (wanted->size_bytes)
        return wanted->size_bytes;
    return wanted->max_bytes ? wanted->max_bytes : ROG_HTTP_DOWNLOAD_MAX_BYTES;
}

static size_t take_bytes(char *bytes, size_t unit, size_t count, void *user)
{
    struct fetch *fetch = user;
    size_t got = unit * count;
    long status = 0;
    curl_easy_getinfo(fetch->http->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206)
        return got; /* discard the body of an error response */
    if (!fetch->begun) {
        fetch->begun = true;
        /* A server without support for ranges sends the whole file. */
        if (status == 200 && fetch->have_bytes && start_over(fetch, NULL) != 0) {
            fetch->write_errno = errno;
            return 0;
        }
    }
    if ((int64_t)got > most_bytes(fetch->wanted) - fetch->have_bytes) {
        fetch->too_long = true;
        return 0;
    }
    for (size_t done = 0; done < got;) {
        ssize_t wrote = pwrite(fetch->fd, bytes + done, got - done, (off_t)fetch->have_bytes);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            fetch->write_errno = wrote < 0 ? errno : EIO;
            return 0;
        }
        done += (size_t)wrote;
        fetch->have_bytes += wrote;
    }
    return got;
}

static int progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total,
                    curl_off_t up)
{
    (void)now, (void)up_total, (void)up;
    struct fetch *fetch = user;
    const struct rog_http_download *wanted = fetch->wanted;
    struct timespec clock;
    clock_gettime(CLOCK_MONOTONIC, &clock);
    double now_s = (double)clock.tv_sec + 1e-9 * (double)clock.tv_nsec;
    if (!wanted->progress || now_s - fetch->told_s < TELL_EVERY_S)
        return 0;
    fetch->told_s = now_s;
    int64_t whole = wanted->size_bytes;
    if (!whole && total > 0)
        whole = fetch->base_bytes + (int64_t)total;
    fetch->stopped = !wanted->progress(fetch->have_bytes, whole, wanted->user);
    return fetch->stopped;
}

/* Returns 0 if the transfer was complete; otherwise fails with a message on what the server or this
 * side rejected. */
static int judge(struct fetch *fetch, CURLcode result, struct rog_error *err)
{
    const struct rog_http_download *wanted = fetch->wanted;
    if (fetch->stopped)
        return rog_fail(err, ROG_EINTR, "%s: stopped; the part received is kept for the next time",
                        wanted->url);
    if (fetch->write_errno)
        return rog_fail(err, ROG_EIO, "cannot write %s: %s", fetch->part,
                        strerror(fetch->write_errno));
    if (fetch->too_long)
        return rog_fail(err, ROG_EFORMAT, "%s is larger than the %lld bytes %s", wanted->url,
                        (long long)most_bytes(wanted),
                        wanted->size_bytes ? "expected" : "that a file of unknown size may have");
    if (result != CURLE_OK)
        return rog_http_fail(fetch->http, result, wanted->url, wanted->silence_s, err);
    long status = 0;
    char text[64];
    curl_easy_getinfo(fetch->http->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 || status == 206)
        return 0;
    return rog_fail(err, status == 404 || status == 410 ? ROG_ENOTFOUND : ROG_EFAILED,
                    "%s: the server answers %s", wanted->url,
                    rog_http_status_text((int)status, text, sizeof text));
}

/* Makes a transfer that starts at the end of the partial file. *status is the server's, 0 if there
 * is none. */
static int transfer(struct fetch *fetch, long *status, struct rog_error *err)
{
    const struct rog_http_download *wanted = fetch->wanted;
    *status = 0;
    int code = rog_http_prepare(fetch->http, wanted->url, wanted->silence_s, err);
    if (code)
        return code;
    CURL *curl = fetch->http->curl;
    fetch->begun = fetch->too_long = false;
    fetch->base_bytes = fetch->have_bytes;
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
    char range[32];
    snprintf(range, sizeof range, "%lld-", (long long)fetch->have_bytes);
    /* Not CURLOPT_RESUME_FROM, which fails if the server sends the whole file instead. */
    if (fetch->have_bytes && curl_easy_setopt(curl, CURLOPT_RANGE, range) != CURLE_OK)
        return rog_fail_nomem(err);
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    code = judge(fetch, result, err);
    curl_easy_reset(curl);
    return code;
}

/* Repeats transfers until one is complete, as long as each receives something. */
static int transfer_all(struct fetch *fetch, struct rog_error *err)
{
    for (;;) {
        long status;
        int64_t before = fetch->have_bytes;
        int code = transfer(fetch, &status, err);
        if (status == 416 && before > 0)
            return 0; /* the partial file is not shorter than the server's; `check` decides */
        if (code != ROG_EFAILED || !fetch->begun || fetch->have_bytes <= before)
            return code;
    }
}

static int check(struct fetch *fetch, struct rog_error *err)
{
    const struct rog_http_download *wanted = fetch->wanted;
    char sha256[ROG_SHA256_HEX_BYTES];
    if (wanted->size_bytes && fetch->have_bytes != wanted->size_bytes)
        return rog_fail(err, ROG_EFORMAT, "%s has %lld bytes, not the %lld expected", wanted->url,
                        (long long)fetch->have_bytes, (long long)wanted->size_bytes);
    if (!wanted->sha256)
        return 0;
    int code = rog_sha256_file(fetch->part, sha256, err);
    if (!code && strcmp(sha256, wanted->sha256) != 0)
        code = rog_fail(err, ROG_EFORMAT, "%s has the SHA-256 %s, not the %s expected", wanted->url,
                        sha256, wanted->sha256);
    return code;
}

int rog_http_download(struct rog_http *http, const struct rog_http_download *download,
                      struct rog_error *err)
{
    struct fetch fetch = {.http = http, .wanted = download, .fd = -1};
    fetch.part = rog_format("%s.part", download->path);
    int code = fetch.part ? open_part(&fetch, err) : rog_fail_nomem(err);
    if (code)
        goto out;
    bool whole = download->size_bytes && fetch.have_bytes == download->size_bytes;
    bool continued = fetch.have_bytes > 0 && download->sha256 &&
                     (!download->size_bytes || fetch.have_bytes <= download->size_bytes);
    if (fetch.have_bytes && !continued)
        code = start_over(&fetch, err);
    if (!code && !(continued && whole))
        code = transfer_all(&fetch, err);
    if (!code)
        code = check(&fetch, err);
    /* The partial file may be of another version of the file: try once more from the beginning. */
    if (code == ROG_EFORMAT && continued) {
        code = start_over(&fetch, err);
        if (!code)
            code = transfer_all(&fetch, err);
        if (!code)
            code = check(&fetch, err);
    }
    if (!code && (fsync(fetch.fd) != 0 || rename(fetch.part, download->path) != 0))
        code = fail_errno(err, "write", download->path);
    if (code == ROG_EFORMAT || (code && !fetch.have_bytes))
        unlink(fetch.part);
out:
    if (fetch.fd >= 0)
        close(fetch.fd);
    free(fetch.part);
    return code;
}
