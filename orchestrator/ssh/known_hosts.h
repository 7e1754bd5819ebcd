/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_KNOWN_HOSTS_H
#define ROG_SSH_KNOWN_HOSTS_H

/*
 * Reads files of known hosts as described in sshd(8) (SSH_KNOWN_HOSTS FILE FORMAT) and read by ssh:
 * patterns with * and ?, negated patterns, hashed names, [host]:port, the markers @revoked and
 * @cert-authority, and both kinds of line ends. A host at a port other than 22 is looked up as
 * [host]:port and, if that is unknown, by its name alone.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/ssh/names.h>
#include <rog/error.h>

enum rog_known_host {
    ROG_HOST_UNKNOWN,
    ROG_HOST_KNOWN,
    ROG_HOST_CHANGED,   /* there are other keys, of any type */
    ROG_HOST_REVOKED,   /* @revoked, whatever other lines there are */
    ROG_HOST_CERTIFIED, /* unknown, but hosts of this name have a @cert-authority */
};

/* What to look up, and where. */
struct rog_known_hosts {
    const struct rog_ssh_names *files[2]; /* the user's, the system's; none: empty list */
    const char *more;                     /* further lines; NULL: none */
    const char *name;                     /* the host's name, or its HostKeyAlias */
    unsigned port;                        /* 0: the name is used for every port */
};

#define ROG_KNOWN_HOSTS_MORE "the output of KnownHostsCommand"

/* The line that determined the result. */
struct rog_known_line {
    const char *file; /* one of `files`, or ROG_KNOWN_HOSTS_MORE; NULL: no line */
    size_t number;
    char name[280]; /* matching name: "host" or "[host]:port" */
};

/* Looks up whether `key` (base64), of type `type`, is the host's. Errors: ROG_EIO if a file cannot
 * be read; ROG_ENOMEM. */
int rog_known_hosts_find(const struct rog_known_hosts *known, const char *type, const char *key,
                         enum rog_known_host *answer, struct rog_known_line *line,
                         struct rog_error *err);

/* Adds the types of the known keys of the host, each once. */
int rog_known_hosts_types(const struct rog_known_hosts *known, struct rog_ssh_names *types,
                          struct rog_error *err);

/* Returns whether a list of patterns (separated by commas, ! negates) matches the name, as in
 * ssh. */
bool rog_known_hosts_matches(const char *patterns, const char *name);

#endif
