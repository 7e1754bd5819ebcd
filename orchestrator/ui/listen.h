/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_LISTEN_H
#define ROG_UI_LISTEN_H

/* The address that a server listens on: as a user says it, and as a socket. */

#include <stdbool.h>

#include <rog/error.h>

#define ROG_LISTEN_HOST_BYTES 256
#define ROG_LISTEN_PORT 8264 /* by default */

struct rog_listen {
    char host[ROG_LISTEN_HOST_BYTES]; /* "127.0.0.1", "::1", "localhost" */
    int port;                         /* 0: any that is free */
    bool port_given;
    /* Once it listens: */
    int socket;
    bool is_loopback; /* nobody but this machine reaches it */
    bool is_any;      /* all addresses of this machine */
};

/* "ADDRESS:PORT", "[ADDRESS]:PORT", "ADDRESS" or "PORT"; NULL: 127.0.0.1 and ROG_LISTEN_PORT.
 * ROG_EINVAL. */
int rog_listen_parse(struct rog_listen *door, const char *text, struct rog_error *err);

/* Opens door->socket, and sets door->port. Where no port was given and the usual one is taken,
 * one of the next is. ROG_EBUSY: it is taken, with who has it where that can be seen; ROG_EINVAL:
 * no such address; ROG_EIO. */
int rog_listen_open(struct rog_listen *door, struct rog_error *err);

/* "http://127.0.0.1:8264/", of an address that browsers can be given. Heap memory. */
char *rog_listen_url(const struct rog_listen *door);

#endif
