/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_AGENT_H
#define ROG_SSH_AGENT_H

/*
 * The keys of an ssh agent, offered one by one.
 *
 * libssh offers all keys of an agent, in the agent's order; ssh offers those that the configuration
 * chooses, in its own. So libssh is given an agent that is a thread of this process: it has one key
 * at a time, and has the real one sign (draft-miller-ssh-agent).
 */

#include <stddef.h>

#include <orchestrator/ssh/watch.h>
#include <rog/error.h>

struct rog_agent_key {
    unsigned char *blob; /* as on the wire */
    size_t bytes;
    char *comment;
};

struct rog_agent;

/* Connects to the agent behind the socket and lists its keys. It is cut with the connection that it
 * is for (`watch`; NULL: never). ROG_ENOTFOUND: there is none, or it does not answer; ROG_ENOMEM;
 * ROG_EIO. */
int rog_agent_open(struct rog_agent **agent, const char *socket, struct rog_ssh_watch *watch,
                   struct rog_error *err);
void rog_agent_free(struct rog_agent *agent);

size_t rog_agent_count(const struct rog_agent *agent);
const struct rog_agent_key *rog_agent_key(const struct rog_agent *agent, size_t index);

/* The end to give to libssh, which closes it. */
int rog_agent_socket(struct rog_agent *agent);
/* How long it may take to sign: somebody may have to touch a token. */
#define ROG_AGENT_SIGN_TIMEOUT_S 120
/* From now on there is this key alone. Where `shown` is not NULL the key is shown as that (its
 * certificate), which is borrowed until the next choice. */
void rog_agent_choose(struct rog_agent *agent, size_t index, const struct rog_agent_key *shown);

#endif
