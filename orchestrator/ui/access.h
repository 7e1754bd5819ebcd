/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_ACCESS_H
#define ROG_UI_ACCESS_H

/*
 * Access to the page. Browsers on this machine and users with the token may read it, but not pages
 * of other sites that are open in the same browser: a request is rejected if its Host is not a name
 * of this server, or if another site's page has sent it.
 */

#include <stdbool.h>

#include <orchestrator/ui/target.h>

#define ROG_TOKEN_BYTES 33 /* 128 bits as hexadecimal digits, with the NUL */
#define ROG_TOKEN_LEAST 16 /* least characters of a token that a user chooses */
#define ROG_TOKEN_MOST 128
#define ROG_TOKEN_COOKIE_BYTES 32

struct rog_access {
    char token[ROG_TOKEN_MOST + 1]; /* "": no token is needed */
    /* Name of the cookie: browsers do not separate cookies by port. */
    char cookie[ROG_TOKEN_COOKIE_BYTES];
    bool is_loopback;   /* reachable only from this machine */
    char own_name[256]; /* this machine's name; "" if is_loopback */
    /* the name given with --listen; "" if is_loopback */
    char listened[256];
};

/* `given` is a token chosen by the user, NULL: one is generated; only if `needed`. ROG_EINVAL: it
 * cannot be used as a token; ROG_EIO: the system has no random numbers. */
int rog_access_init(struct rog_access *access, bool is_loopback, int port, bool needed,
                    const char *given, struct rog_error *err);

/* Headers of a request; NULL: missing. */
struct rog_access_request {
    const char *host, *cookie, *authorization, *fetch_site, *fetch_mode;
};

enum rog_access_verdict {
    ROG_ACCESS_GRANTED,
    ROG_ACCESS_FIRST,    /* the token is in the address: the cookie has to be set */
    ROG_ACCESS_NO_TOKEN, /* no token, or a wrong one */
    ROG_ACCESS_UNNAMED,  /* Host is not a name of this server */
    ROG_ACCESS_FOREIGN,  /* sent by another site's page */
};
enum rog_access_verdict rog_access_judge(const struct rog_access *access,
                                         const struct rog_access_request *request,
                                         const struct rog_target *target);

/* Returns whether a Host header names this server: a numeric address, localhost, this machine's
 * name (exactly) or the name given with --listen. */
bool rog_access_knows_host(const struct rog_access *access, const char *host);

#endif
