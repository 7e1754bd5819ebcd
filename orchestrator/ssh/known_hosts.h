/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_KNOWN_HOSTS_H
#define ROG_SSH_KNOWN_HOSTS_H

/*
 * Files of known hosts, as sshd(8) (SSH_KNOWN_HOSTS FILE FORMAT) describes them and ssh reads them:
 * patterns with * and ?, negated ones, hashed names, [host]:port, the markers @revoked and
 * @cert-authority, ends of lines of either kind. A key of a host at another port than 22 is looked
 * up as [host]:port, and where that is not known by the name alone.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/ssh/names.h>
#include <rog/error.h>

enum rog_known_host {
    ROG_HOST_UNKNOWN,
    ROG_HOST_KNOWN,
    ROG_HOST_CHANGED,   /* other keys stand there, of whatever type */
    ROG_HOST_REVOKED,   /* @revoked, whatever else stands there */
    ROG_HOST_CERTIFIED, /* unknown, but a @cert-authority vouches for hosts of this name */
};

/* What is looked up, and where. */
struct rog_known_hosts {
    const struct rog_ssh_names *files[2]; /* the user's and the system's; those that are missing are
                                         empty */
    const char *more;                     /* lines from elsewhere, NULL: none */
    const char *name;                     /* the host's, or its HostKeyAlias */
    unsigned port;                        /* 0: the name stands for every port */
};

#define ROG_KNOWN_HOSTS_MORE "the output of KnownHostsCommand"

/* The line that decided. */
struct rog_known_line {
    const char *file; /* of `files`, or ROG_KNOWN_HOSTS_MORE; NULL: no line did */
    size_t number;
    char name[280]; /* it was found by: "host" or "[host]:port" */
};

/* Whether `key` (base64) of the type `type` is the host's. ROG_EIO a file cannot be read;
 * ROG_ENOMEM. */
int rog_known_hosts_find(const struct rog_known_hosts *known, const char *type, const char *key,
                         enum rog_known_host *answer, struct rog_known_line *line,
                         struct rog_error *err);

/* Adds the types of the keys that are known of the host, each once. */
int rog_known_hosts_types(const struct rog_known_hosts *known, struct rog_ssh_names *types,
                          struct rog_error *err);

/* Whether a list of patterns (commas between, ! negates) has the name, as ssh decides it. */
bool rog_known_hosts_matches(const char *patterns, const char *name);

#endif
