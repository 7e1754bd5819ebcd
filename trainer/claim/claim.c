/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a place in the queue for this host by binding sockets to names. */
#include <trainer/claim/claim.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>

#define TABLE "/proc/net/unix"
#define TABLE_MAX_BYTES ((size_t)64 << 20)
#define LOCK_NAME "rogctl-claims" /* the process that has bound this name may take a place */
#define LOCK_PATIENCE_S 10.0
#define LOCK_STEP_NS 2000000L

/* Creates a socket with this name, to which nobody can send anything. -1: see errno. */
static int bind_name(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t bytes = strlen(name);
    memcpy(address.sun_path + 1, name, bytes); /* shorter by the NUL before it: claims.h */
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + bytes);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, size) == 0)
        return fd;
    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

static int take_lock(int *lock, struct rog_error *err)
{
    const struct timespec step = {0, LOCK_STEP_NS};
    double until_s = rog_clock_s() + LOCK_PATIENCE_S;
    while ((*lock = bind_name(LOCK_NAME)) < 0 && errno == EADDRINUSE && rog_clock_s() < until_s)
        nanosleep(&step, NULL);
    if (*lock >= 0)
        return ROG_OK;
    return errno == EADDRINUSE
               ? rog_fail(err, ROG_EBUSY,
                          "another process has been trying to claim this host for %g s (it holds "
                          "the socket @" LOCK_NAME "); hint: `ss -xap` shows it",
                          LOCK_PATIENCE_S)
               : rog_fail(err, ROG_EIO, "cannot create a socket: %s", strerror(errno));
}

int rog_claim_look(struct rog_claims *claims, struct rog_error *err)
{
    char *table = NULL;
    size_t size = 0;
    *claims = (struct rog_claims){0};
    int code = rog_file_read(TABLE, TABLE_MAX_BYTES, &table, &size, err);
    if (!code)
        code = rog_claims_read(claims, table, err);
    free(table);
    return code;
}

/* Chooses the token's existing time, or one after all others. */
static int choose_time(struct rog_claim_entry *entry, struct rog_error *err)
{
    struct rog_claims claims;
    struct timespec now;
    int code = rog_claim_look(&claims, err);
    clock_gettime(CLOCK_BOOTTIME, &now);
    entry->at_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    const struct rog_claim_entry *own = rog_claims_find(&claims, entry->token);
    const struct rog_claim_entry *last = claims.count ? &claims.entry[claims.count - 1] : NULL;
    if (own)
        entry->at_ms = own->at_ms;
    else if (last && last->at_ms >= entry->at_ms)
        entry->at_ms = last->at_ms + 1;
    rog_claims_release(&claims);
    return code;
}

static int bind_parts(struct rog_claim *claim, struct rog_error *err)
{
    const char *text = claim->entry.text;
    do {
        char name[ROG_CLAIM_NAME_BYTES];
        text += rog_claim_name(name, &claim->entry, (unsigned)claim->count, text);
        int fd = bind_name(name);
        if (fd < 0)
            return rog_fail(err, ROG_EIO, "cannot bind the socket @%s: %s", name, strerror(errno));
        claim->fd[claim->count++] = fd;
    } while (*text && claim->count < ROG_CLAIM_PARTS);
    return ROG_OK;
}

int rog_claim_enter(struct rog_claim *claim, const char *token, const char *text,
                    struct rog_error *err)
{
    int lock = -1;
    *claim = (struct rog_claim){.entry.pid = (long)getpid()};
    snprintf(claim->entry.token, sizeof claim->entry.token, "%s", token);
    snprintf(claim->entry.text, sizeof claim->entry.text, "%s", text);
    for (char *at = claim->entry.text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?'; /* control characters would break the table's lines */
    int code = take_lock(&lock, err);
    if (!code)
        code = choose_time(&claim->entry, err);
    if (!code)
        code = bind_parts(claim, err);
    if (lock >= 0)
        close(lock);
    if (code)
        rog_claim_leave(claim);
    return code;
}

void rog_claim_leave(struct rog_claim *claim)
{
    for (size_t i = 0; i < claim->count; i++)
        close(claim->fd[i]);
    claim->count = 0;
}
