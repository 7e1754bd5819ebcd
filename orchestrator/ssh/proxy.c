/* SPDX-License-Identifier: Apache-2.0 */
/* Builds one command from ProxyCommand or ProxyJump. */
#include <orchestrator/ssh/proxy.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/ssh/quote.h>
#include <orchestrator/ssh/token.h>

#define MAX_ARGUMENTS 16

static bool is_harmless(const char *name)
{
    if (!name || !name[0] || name[0] == '-' || strpbrk(name, "'\";|&$`<>(){}"))
        return false;
    for (const char *c = name; *c; c++)
        if (iscntrl((unsigned char)*c))
            return false;
    return true;
}

bool rog_ssh_is_host_name(const char *name)
{
    return is_harmless(name) && !strpbrk(name, " \\");
}

bool rog_ssh_is_user_name(const char *name)
{
    size_t bytes = name ? strlen(name) : 0;
    return is_harmless(name) && !strstr(name, " -") && name[bytes - 1] != '\\';
}

/* A hop, [ssh://][USER@]HOST[:PORT][/], split in place. */
struct hop {
    char *user, *host, *port;
};

static bool cut(char *text, struct hop *hop)
{
    *hop = (struct hop){0};
    bool uri = strncasecmp(text, "ssh://", 6) == 0;
    text += uri ? 6 : 0;
    size_t bytes = strlen(text);
    if (uri && bytes && text[bytes - 1] == '/')
        text[bytes - 1] = '\0';
    char *at = strrchr(text, '@');
    if (at) {
        *at = '\0';
        hop->user = text;
        text = at + 1;
    }
    char *end = *text == '[' ? strchr(text, ']') : NULL;
    char *colon = end ? (end[1] == ':' ? end + 1 : NULL) : strrchr(text, ':');
    if (!end && colon && strchr(text, ':') != colon)
        colon = NULL; /* an IPv6 address without brackets */
    if (colon) {
        *colon = '\0';
        hop->port = colon + 1;
    }
    if (end) {
        *end = '\0';
        text++;
    }
    hop->host = text;
    return rog_ssh_is_host_name(hop->host) && (!hop->user || rog_ssh_is_host_name(hop->user)) &&
           (!hop->port || (*hop->port && strspn(hop->port, "0123456789") == strlen(hop->port)));
}

/* Returns the command that ssh itself would use: the last hop connects, through the hops before
 * it. */
static char *over_hops(const struct rog_ssh_settings *settings, const struct hop *hop,
                       const char *before)
{
    const char *argv[MAX_ARGUMENTS];
    size_t n = 0;
    char *target = rog_format(strchr(settings->host_name, ':') ? "[%s]:%u" : "%s:%u",
                              settings->host_name, settings->port);
    argv[n++] = "ssh";
    if (settings->config) {
        argv[n++] = "-F";
        argv[n++] = settings->config;
    }
    if (before) {
        argv[n++] = "-J";
        argv[n++] = before;
    }
    if (hop->user) {
        argv[n++] = "-l";
        argv[n++] = hop->user;
    }
    if (hop->port) {
        argv[n++] = "-p";
        argv[n++] = hop->port;
    }
    argv[n++] = "-W";
    argv[n++] = target;
    argv[n++] = "--";
    argv[n++] = hop->host;
    argv[n] = NULL;
    char *command = target ? rog_ssh_quote(argv) : NULL;
    free(target);
    return command;
}

static int jump(const struct rog_ssh_settings *settings, char **command, struct rog_error *err)
{
    struct hop hop;
    if (!settings->by_client && !rog_program_exists("ssh"))
        return rog_fail(err, ROG_EINVAL,
                        "ProxyJump %s: connecting through other hosts needs the program ssh, which "
                        "is not installed (package openssh-client)",
                        settings->proxy_jump);
    char *hops = rog_strdup(settings->proxy_jump);
    if (!hops)
        return rog_fail_nomem(err);
    char *comma = strrchr(hops, ','), *last = comma ? comma + 1 : hops;
    if (comma)
        *comma = '\0';
    int code = ROG_OK;
    if (!cut(last, &hop))
        code = rog_fail(err, ROG_EINVAL, "\"%s\" of ProxyJump %s is not the name of a host", last,
                        settings->proxy_jump);
    else if (!(*command = over_hops(settings, &hop, comma ? hops : NULL)))
        code = rog_fail_nomem(err);
    free(hops);
    return code;
}

int rog_ssh_proxy_command(const struct rog_ssh_settings *settings, char **command,
                          struct rog_error *err)
{
    *command = NULL;
    if (settings->proxy_command)
        return rog_ssh_token_expand_command(settings, "ProxyCommand", settings->proxy_command,
                                            command, err);
    return settings->proxy_jump ? jump(settings, command, err) : ROG_OK;
}
