/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_AGENT_H
#define ROG_SSH_AGENT_H

/*
 * Offers the keys of an ssh agent one by one.
 *
 * libssh offers all keys of an agent, in the agent's order; ssh offers those that the configuration
 * selects, in its own order. So libssh is connected to a thread of this process that acts as an
 * agent: it has one key at a time, and forwards requests to sign to the real agent
 * (draft-miller-ssh-agent).
 */

#include <stddef.h>

#include <orchestrator/ssh/watch.h>
#include <rog/error.h>

struct rog_agent_key {
    unsigned char *blob; /* in wire format */
    size_t bytes;
    char *comment;
};

struct rog_agent;

/* Connects to the agent behind the socket and lists its keys. The socket is cut together with the
 * connection that uses it (`watch`; NULL: never). Errors: ROG_ENOTFOUND if there is no agent or it
 * does not answer; ROG_ENOMEM; ROG_EIO. */
int rog_agent_open(struct rog_agent **agent, const char *socket, struct rog_ssh_watch *watch,
                   struct rog_error *err);
void rog_agent_free(struct rog_agent *agent);

size_t rog_agent_count(const struct rog_agent *agent);
const struct rog_agent_key *rog_agent_key(const struct rog_agent *agent, size_t index);

/* Returns the end for libssh, which closes it. */
int rog_agent_socket(struct rog_agent *agent);
/* Seconds that signing may take: the user may have to touch a token. */
#define ROG_AGENT_SIGN_TIMEOUT_S 120
/* Selects the only key that is presented from now on. If `shown` is not NULL, the key is presented
 * as `shown` (its certificate), which is borrowed until the next choice. */
void rog_agent_choose(struct rog_agent *agent, size_t index, const struct rog_agent_key *shown);

#endif
