/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_CLAIMS_H
#define ROG_COMMON_CLAIMS_H

/*
 * Who holds a host. A process that wants a host for runs binds abstract Unix sockets there (without
 * a file). Their names tell all processes of that network namespace who wants the host, since when
 * and for what:
 *
 *     @rogctl/AT/TOKEN/PID/PART/TEXT
 *
 * AT is the time of arrival since the host's boot, in ms; it is different for each TOKEN. The TOKEN
 * belongs to a sweep; all processes of the sweep on the host, one that keeps the host for it
 * (trainer/claim) and the supervisor of a run, share it and its AT. The host belongs to the token
 * that came first, the others wait in the order of arrival. PID is the process that holds the
 * sockets, PART numbers the sockets among which its TEXT is divided. When the process ends, for
 * whatever reason, the kernel removes the names.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_CLAIM_MARK "rogctl/"
#define ROG_CLAIM_TOKEN_BYTES 17 /* 16 hexadecimal digits */
#define ROG_CLAIM_TEXT_BYTES 240 /* describes the holder: "alice@desk, sweep threshold-case0" */
#define ROG_CLAIM_NAME_BYTES 108 /* of a socket's name, including the NUL at its beginning */

struct rog_claim_entry {
    uint64_t at_ms;
    char token[ROG_CLAIM_TOKEN_BYTES];
    long pid;
    char text[ROG_CLAIM_TEXT_BYTES];
};

/* In order of arrival. */
struct rog_claims {
    struct rog_claim_entry *entry;
    size_t count;
};

/* Reads the text of /proc/net/unix, or those of its lines that have the mark. Invalid entries are
 * skipped. ROG_ENOMEM. Release it in any case. */
int rog_claims_read(struct rog_claims *claims, const char *table, struct rog_error *err);
void rog_claims_release(struct rog_claims *claims);

/* Returns the entry of that token; NULL if it has none. */
const struct rog_claim_entry *rog_claims_find(const struct rog_claims *claims, const char *token);
/* Returns the most informative entry of the holder of the host; NULL if the host is free. */
const struct rog_claim_entry *rog_claims_holder(const struct rog_claims *claims);
/* Returns how many tokens are before this one; for an unknown token, the number of all tokens. */
size_t rog_claims_before(const struct rog_claims *claims, const char *token);

/* Writes the name of the socket of a part, without the leading NUL. Returns the number of bytes of
 * `text` in it. */
size_t rog_claim_name(char name[ROG_CLAIM_NAME_BYTES], const struct rog_claim_entry *entry,
                      unsigned part, const char *text);

#endif
