/* SPDX-License-Identifier: Apache-2.0 */
/* Decides by their headers which requests are allowed. */
#include <orchestrator/ui/access.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#define TOKEN_BYTES 16
#define HOST_BYTES 256

/* ---- the token ---- */

static int make_token(char token[ROG_TOKEN_MOST + 1], struct rog_error *err)
{
    unsigned char random[TOKEN_BYTES];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return rog_fail(err, ROG_EIO, "cannot generate a random token: %s", strerror(errno));
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(token + 2 * i, 3, "%02x", random[i]);
    return 0;
}

/* Checks a token given by the user, which is used in addresses and cookies without escaping. */
static int take_token(char token[ROG_TOKEN_MOST + 1], const char *given, struct rog_error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t length = strlen(given);
    if (length < ROG_TOKEN_LEAST || length > ROG_TOKEN_MOST || strspn(given, allowed) != length)
        return rog_fail(
            err, ROG_EINVAL,
            "ROGCTL_UI_TOKEN must be %d to %d letters, digits, hyphens and underscores; "
            "hint: openssl rand -hex 16",
            ROG_TOKEN_LEAST, ROG_TOKEN_MOST);
    memcpy(token, given, length + 1);
    return 0;
}

int rog_access_init(struct rog_access *access, bool is_loopback, int port, bool needed,
                    const char *given, struct rog_error *err)
{
    *access = (struct rog_access){.is_loopback = is_loopback};
    snprintf(access->cookie, sizeof access->cookie, "rogctl_ui_%d", port);
    if (!is_loopback && gethostname(access->own_name, sizeof access->own_name - 1) != 0)
        access->own_name[0] = '\0';
    return !needed ? 0
           : given ? take_token(access->token, given, err)
                   : make_token(access->token, err);
}

/* Compares in a time that does not depend on where the texts differ. */
static bool is_token(const struct rog_access *access, const char *text, size_t length)
{
    size_t own = strlen(access->token);
    unsigned char differ = own != length;
    for (size_t i = 0; i < length; i++)
        differ |= (unsigned char)(text[i] ^ access->token[i % own]);
    return !differ;
}

/* Searches a header such as "a=1; rogctl_ui_8264=TOKEN; b=2". */
static bool has_cookie(const struct rog_access *access, const char *cookies)
{
    size_t name = strlen(access->cookie);
    for (const char *at = cookies; at && *at;) {
        at += strspn(at, " ;");
        size_t length = strcspn(at, ";");
        if (length > name && strncmp(at, access->cookie, name) == 0 && at[name] == '=' &&
            is_token(access, at + name + 1, length - name - 1))
            return true;
        at += length;
    }
    return false;
}

/* Checks "Bearer TOKEN", which programs send. */
static bool has_bearer(const struct rog_access *access, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    size_t length = sizeof scheme - 1;
    return authorization && strncasecmp(authorization, scheme, length) == 0 &&
           is_token(access, authorization + length, strlen(authorization + length));
}

/* ---- origin of a request ---- */

/* Gets the name from "name:80" or "[::1]:80", in lower case; false if it is invalid. */
static bool host_name(const char *host, char name[HOST_BYTES])
{
    bool bracket = host[0] == '[';
    size_t length = bracket ? strcspn(++host, "]") : strcspn(host, ":");
    const char *rest = host + length + (bracket && host[length] == ']');
    bool is_port =
        rest[0] == '\0' || (rest[0] == ':' && strspn(rest + 1, "0123456789") == strlen(rest + 1));
    if (length == 0 || length >= HOST_BYTES || !is_port || (bracket && host[length] != ']'))
        return false;
    for (size_t i = 0; i < length; i++)
        name[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] + 'a' - 'A') : host[i];
    name[length] = '\0';
    return true;
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), more = strlen(end);
    return length >= more && strcmp(name + length - more, end) == 0;
}

/* Returns whether the name is a numeric address of this server. Numeric addresses are not resolved
 * by a DNS server that an attacker may control; if only loopback is served, it must be a loopback
 * address. */
static bool is_own_address(const struct rog_access *access, const char *name)
{
    struct in6_addr six;
    struct in_addr four;
    if (inet_pton(AF_INET, name, &four) == 1)
        return !access->is_loopback || ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, name, &six) == 1 &&
           (!access->is_loopback || IN6_IS_ADDR_LOOPBACK(&six));
}

/* Compares complete names: the same first label in another domain may be another person's host. */
static bool is_name_of(const char *name, const char *own)
{
    return own[0] && strcasecmp(name, own) == 0;
}

bool rog_access_knows_host(const struct rog_access *access, const char *host)
{
    char name[HOST_BYTES];
    if (!host || !host_name(host, name))
        return false;
    return strcmp(name, "localhost") == 0 || ends_in(name, ".localhost") ||
           is_own_address(access, name) || is_name_of(name, access->own_name) ||
           is_name_of(name, access->listened);
}

/* Returns whether a page of another site sent the request, according to the browser. A link from
 * another site to this page is harmless. */
static bool is_foreign(const struct rog_access_request *request)
{
    const char *site = request->fetch_site, *mode = request->fetch_mode;
    bool apart = site && (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0);
    return apart && !(mode && strcmp(mode, "navigate") == 0);
}

enum rog_access_verdict rog_access_judge(const struct rog_access *access,
                                         const struct rog_access_request *request,
                                         const struct rog_target *target)
{
    if (!rog_access_knows_host(access, request->host))
        return ROG_ACCESS_UNNAMED;
    if (is_foreign(request))
        return ROG_ACCESS_FOREIGN;
    if (!access->token[0])
        return ROG_ACCESS_GRANTED;
    const char *token = rog_target_text(target, "token");
    if (token)
        return is_token(access, token, strlen(token)) ? ROG_ACCESS_FIRST : ROG_ACCESS_NO_TOKEN;
    return has_cookie(access, request->cookie) || has_bearer(access, request->authorization)
               ? ROG_ACCESS_GRANTED
               : ROG_ACCESS_NO_TOKEN;
}
