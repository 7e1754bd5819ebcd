/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_KEYS_H
#define ROG_SSH_KEYS_H

/*
 * The keys that are offered to a host, in the order in which ssh offers them:
 *   1. certificates of CertificateFile,
 *   2. keys of the agent that the configuration names, in the agent's order,
 *   3. the agent's other keys, unless IdentitiesOnly is set,
 *   4. keys of IdentityFile that no agent has, in the order of the configuration.
 * With a key file FILE the certificate FILE-cert.pub is offered, too, unless CertificateFile is
 * set.
 */

#include <stdbool.h>
#include <stddef.h>

#include <libssh/libssh.h>

#include <orchestrator/ssh/agent.h>
#include <orchestrator/ssh/settings.h>

struct rog_key {
    ssh_key public; /* a key or a certificate; NULL: only the private file has it */
    char *base64;   /* of `public` */
    char *plain;    /* of a certificate: its key in base64 */
    char *file;     /* the private key; NULL: only in the agent */
    char *name;     /* for messages */
    bool is_certificate, in_agent;
    size_t index;               /* of the agent's key that signs */
    struct rog_agent_key shown; /* a certificate whose key is in the agent */
};

struct rog_keys {
    struct rog_key *key;
    size_t count;
    struct rog_agent *agent; /* NULL: no agent answers */
    char *no_agent;          /* why the configured agent does not answer; or NULL */
    char *open_to_others;    /* a key file that others can read, which ssh does not use; or NULL */
};

int rog_keys_find(struct rog_keys *keys, const struct rog_ssh_settings *settings,
                  struct rog_ssh_watch *watch, struct rog_error *err);
void rog_keys_release(struct rog_keys *keys);

#endif
