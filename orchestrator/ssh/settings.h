/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SETTINGS_H
#define ROG_SSH_SETTINGS_H

/* What an ssh configuration says about one host (resolve.h finds out), and its words. */

#include <stdbool.h>

#include <orchestrator/ssh/names.h>
#include <rog/error.h>

struct rog_ssh_settings {
    char *host;             /* as it was named to us */
    char *config;           /* the file given, NULL: the user's and the system's */
    char *host_name, *user; /* where and as whom */
    char *port_text;
    unsigned port;
    char *host_key_alias; /* NULL: none. So with all texts; "none" has become NULL */
    struct rog_ssh_names user_known_hosts, global_known_hosts;
    struct rog_ssh_names identities, certificates; /* in the order of the configuration */
    char *known_hosts_command, *revoked_host_keys;
    char *identity_agent;               /* a socket; NULL: there is none */
    char *identities_only, *public_key; /* "yes", "no"; NULL: the default */
    char *password, *questions;
    char *preferred; /* kinds of authentication, in order */
    char *proxy_command, *proxy_jump;
    char *ciphers, *key_exchange, *macs, *host_key_algorithms, *public_key_algorithms;
    char *compression, *address_family, *bind_address, *bind_interface, *rsa_bits;
    char *not_understood; /* words of the configuration that have no effect here, NULL: none */
    bool by_client;       /* ssh -G said so */
};

void rog_ssh_settings_release(struct rog_ssh_settings *settings);

/* One line of a configuration, or of what ssh -G says; a value that is there stays. *known is
 * whether the word means something here or may be passed over. */
int rog_ssh_settings_take(struct rog_ssh_settings *settings, const char *word, const char *value,
                          bool *known, struct rog_error *err);
/* Remembers a word that has no effect here, for messages. */
int rog_ssh_settings_miss(struct rog_ssh_settings *settings, const char *word,
                          struct rog_error *err);
bool rog_ssh_settings_say_no(const char *value);

/* The next word of a line, which may stand in quotes, as heap memory; NULL: there is none, or no
 * memory. */
char *rog_ssh_settings_word(const char **line);

#endif
