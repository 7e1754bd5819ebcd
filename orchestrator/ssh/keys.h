/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_KEYS_H
#define ROG_SSH_KEYS_H

/*
 * The keys that a host is offered, in the order in which ssh offers them:
 *   1. certificates of CertificateFile,
 *   2. keys of the agent that the configuration names, in the agent's order,
 *   3. the agent's other keys, unless IdentitiesOnly is set,
 *   4. keys of IdentityFile that no agent has, in the order of the configuration.
 * A key file FILE brings the certificate FILE-cert.pub along, unless CertificateFile is set.
 */

#include <stdbool.h>
#include <stddef.h>

#include <libssh/libssh.h>

#include <orchestrator/ssh/agent.h>
#include <orchestrator/ssh/settings.h>

struct rog_key {
    ssh_key public; /* a key or a certificate; NULL: only the private file has it */
    char *base64;   /* of it */
    char *plain;    /* of a certificate: the key that it is for, as base64 has it */
    char *file;     /* the private key; NULL: it is in the agent alone */
    char *name;     /* for messages */
    bool is_certificate, in_agent;
    size_t index;               /* of the agent's key that signs */
    struct rog_agent_key shown; /* a certificate whose key the agent has */
};

struct rog_keys {
    struct rog_key *key;
    size_t count;
    struct rog_agent *agent; /* NULL: none answers */
    char *no_agent;          /* why none answers where the configuration names one; or NULL */
    char *open_to_others;    /* a key file that others may read, which ssh does not use; or NULL */
};

int rog_keys_find(struct rog_keys *keys, const struct rog_ssh_settings *settings,
                  struct rog_ssh_watch *watch, struct rog_error *err);
void rog_keys_release(struct rog_keys *keys);

#endif
