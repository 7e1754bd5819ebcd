/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_ACCESS_H
#define ROG_UI_ACCESS_H

/*
 * Who may read the page. A browser of this machine, or who knows the token; and no page of somebody
 * else's that is open in the same browser: a request whose Host is not a name of this server, or
 * that another site's page has sent, is refused.
 */

#include <stdbool.h>

#include <orchestrator/ui/target.h>

#define ROG_TOKEN_BYTES 33 /* 128 bits as hexadecimal digits, and a NUL */
#define ROG_TOKEN_LEAST 16 /* characters of one that a user chooses */
#define ROG_TOKEN_MOST 128
#define ROG_TOKEN_COOKIE_BYTES 32

struct rog_access {
    char token[ROG_TOKEN_MOST + 1];      /* "": none is needed */
    char cookie[ROG_TOKEN_COOKIE_BYTES]; /* its name: browsers tell cookies of ports not apart */
    bool is_loopback;                    /* nobody but this machine gets here */
    char own_name[256];                  /* this machine's, unless it is */
    char listened[256];                  /* that of --listen, unless it is */
};

/* `given` is a token of the user's choice, NULL: one is made; only where `needed`. ROG_EINVAL: it
 * is not one that can be used; ROG_EIO: the system has no random numbers. */
int rog_access_init(struct rog_access *access, bool is_loopback, int port, bool needed,
                    const char *given, struct rog_error *err);

/* Headers of a request, NULL where they are not there. */
struct rog_access_request {
    const char *host, *cookie, *authorization, *fetch_site, *fetch_mode;
};

enum rog_access_verdict {
    ROG_ACCESS_GRANTED,
    ROG_ACCESS_FIRST,    /* the token is in the address: the cookie is to be set */
    ROG_ACCESS_NO_TOKEN, /* none, or another one */
    ROG_ACCESS_UNNAMED,  /* Host is no name of this server */
    ROG_ACCESS_FOREIGN,  /* another site's page has sent it */
};
enum rog_access_verdict rog_access_judge(const struct rog_access *access,
                                         const struct rog_access_request *request,
                                         const struct rog_target *target);

/* Whether a Host header names this server: an address in digits, localhost, this machine's name
 * (exactly) or the name that it was told to listen on. */
bool rog_access_knows_host(const struct rog_access *access, const char *host);

#endif
