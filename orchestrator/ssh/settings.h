/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SSH_SETTINGS_H
#define ROG_SSH_SETTINGS_H

/* The ssh configuration of one host (read by resolve.h), and the words that rogctl supports. */

#include <stdbool.h>

#include <orchestrator/ssh/names.h>
#include <rog/error.h>

struct rog_ssh_settings {
    char *host;             /* as given by the caller */
    char *config;           /* the file given; NULL: the user's and the system's */
    char *host_name, *user; /* what to connect to, and as whom */
    char *port_text;
    unsigned port;
    char *host_key_alias; /* NULL: none, as for all texts; "none" becomes NULL */
    struct rog_ssh_names user_known_hosts, global_known_hosts;
    struct rog_ssh_names identities, certificates; /* in the order of the configuration */
    char *known_hosts_command, *revoked_host_keys;
    char *identity_agent;               /* a socket; NULL: none */
    char *identities_only, *public_key; /* "yes", "no"; NULL: the default */
    char *password, *questions;
    char *preferred; /* kinds of authentication, in order */
    char *proxy_command, *proxy_jump;
    char *ciphers, *key_exchange, *macs, *host_key_algorithms, *public_key_algorithms;
    char *compression, *address_family, *bind_address, *bind_interface, *rsa_bits;
    char *not_understood; /* unsupported words of the configuration; NULL: none */
    bool by_client;       /* ssh -G provided the settings */
};

void rog_ssh_settings_release(struct rog_ssh_settings *settings);

/* Handles a line of a configuration or of the output of ssh -G. A value that is already set is
 * kept. Sets *known if the word is supported or can be ignored. */
int rog_ssh_settings_take(struct rog_ssh_settings *settings, const char *word, const char *value,
                          bool *known, struct rog_error *err);
/* Records an unsupported word, for messages. */
int rog_ssh_settings_miss(struct rog_ssh_settings *settings, const char *word,
                          struct rog_error *err);
bool rog_ssh_settings_say_no(const char *value);

/* Returns the next word of a line, which may be in quotes, in heap memory; NULL if there is none,
 * or memory ran out. */
char *rog_ssh_settings_word(const char **line);

#endif
