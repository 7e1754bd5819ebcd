/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_LISTEN_H
#define ROG_UI_LISTEN_H

/* The address on which a server listens: as given by a user, and as a socket. */

#include <stdbool.h>

#include <rog/error.h>

#define ROG_LISTEN_HOST_BYTES 256
#define ROG_LISTEN_PORT 8264 /* default */

struct rog_listen {
    char host[ROG_LISTEN_HOST_BYTES]; /* "127.0.0.1", "::1", "localhost" */
    int port;                         /* 0: any free port */
    bool port_given;
    /* Set once it listens: */
    int socket;
    bool is_loopback; /* reachable only from this machine */
    bool is_any;      /* all addresses of this machine */
};

/* "ADDRESS:PORT", "[ADDRESS]:PORT", "ADDRESS" or "PORT"; NULL: 127.0.0.1 and ROG_LISTEN_PORT.
 * ROG_EINVAL. */
int rog_listen_parse(struct rog_listen *door, const char *text, struct rog_error *err);

/* Opens door->socket, and sets door->port. If no port was given and the default one is in use, one
 * of the following is used. ROG_EBUSY: the port is in use, with the process that uses it if it can
 * be determined; ROG_EINVAL: no such address; ROG_EIO. */
int rog_listen_open(struct rog_listen *door, struct rog_error *err);

/* "http://127.0.0.1:8264/", an address that a browser can open. Heap memory. */
char *rog_listen_url(const struct rog_listen *door);

#endif
