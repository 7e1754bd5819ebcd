/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads, checks and unpacks a data set. */
#include <orchestrator/fetch/fetch.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/fetch/unpack.h>
#include <orchestrator/http/http.h>

/* Checks whether all files exist. */
static int all_there(const struct rog_source *source, const char *folder, bool *there,
                     struct rog_error *err)
{
    *there = true;
    for (size_t i = 0; i < source->file_count && *there; i++) {
        char *path = rog_path_join(folder, source->files[i]);
        if (!path)
            return rog_fail_nomem(err);
        *there = rog_file_exists(path);
        free(path);
    }
    return ROG_OK;
}

/* Checks the checksum of an archive that the user has put there. */
static int check_archive(const struct rog_source *source, const char *path, struct rog_error *err)
{
    char found[ROG_SHA256_HEX_BYTES];
    int code = rog_sha256_file(path, found, err);
    if (!code && strcmp(found, source->sha256) != 0)
        code = rog_fail(err, ROG_EFORMAT,
                        "%s has the SHA-256 %s, not the %s of the published archive; hint: remove "
                        "it and run this command again",
                        path, found, source->sha256);
    return code;
}

/* Returns whether another URL may work after this error. */
static bool is_worth_another(int code)
{
    return code == ROG_ENOTFOUND || code == ROG_EFAILED || code == ROG_EFORMAT;
}

static int fail_all(const struct rog_source *source, const char *folder, const char *cause,
                    struct rog_error *err)
{
    return rog_fail(err, ROG_EFAILED,
                    "%s could not be fetched: %s. Without a connection: download %s elsewhere, put "
                    "it into %s and run this command again",
                    source->name, cause, source->archive, folder);
}

static int download(const struct rog_source *source, const char *folder, const char *path,
                    const struct rog_fetch_observer *observer, struct rog_fetched *fetched,
                    struct rog_error *err)
{
    struct rog_http *http = NULL;
    struct rog_error cause = {0};
    int code = rog_http_new(&http, err);
    if (code)
        return code;
    for (size_t i = 0; i < source->url_count; i++) {
        const struct rog_http_download wanted = {
            .url = source->urls[i],
            .path = path,
            .size_bytes = source->size_bytes,
            .sha256 = source->sha256,
            .progress = observer->progress,
            .user = observer->user,
        };
        code = rog_http_download(http, &wanted, &cause);
        fetched->url = source->urls[i];
        if (!is_worth_another(code))
            break;
        if (i + 1 < source->url_count) {
            char remark[ROG_ERROR_MESSAGE_BYTES + 512];
            snprintf(remark, sizeof remark, "%s; trying %s", cause.message, source->urls[i + 1]);
            observer->remark(remark, observer->user);
        }
    }
    rog_http_free(http);
    if (is_worth_another(code))
        return fail_all(source, folder, cause.message, err);
    return code ? rog_fail_again(err, &cause) : ROG_OK;
}

int rog_fetch(const struct rog_source *source, const char *folder,
              const struct rog_fetch_observer *observer, struct rog_fetched *fetched,
              struct rog_error *err)
{
    *fetched = (struct rog_fetched){0};
    char *path = rog_path_join(folder, source->archive);
    int code = path ? all_there(source, folder, &fetched->was_there, err) : rog_fail_nomem(err);
    if (code || fetched->was_there)
        goto out;
    if (rog_file_exists(path))
        code = check_archive(source, path, err);
    else
        code = download(source, folder, path, observer, fetched, err);
    if (!code)
        code =
            rog_unpack(path, (const char *const *)source->files, source->file_count, folder, err);
    if (!code && fetched->url)
        unlink(path);
out:
    free(path);
    return code;
}
