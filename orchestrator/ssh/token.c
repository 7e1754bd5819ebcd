/* SPDX-License-Identifier: Apache-2.0 */
/* Expands tokens, variables and home folders. */
#include <orchestrator/ssh/token.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/ssh/sha1.h>

#define PASSWD_BYTES 4096
#define HOST_BYTES 256

/* The user of this process, and this machine. */
struct here {
    char home[PASSWD_BYTES], user[HOST_BYTES], uid[24], host[HOST_BYTES], short_host[HOST_BYTES];
    char hash[2 * ROG_SHA1_BYTES + 1]; /* %C */
};

/* Returns the home folder from the user database, as ssh does; NULL: no such user. */
static char *home_of(const char *user)
{
    char buffer[PASSWD_BYTES];
    struct passwd entry, *found = NULL;
    if (user)
        getpwnam_r(user, &entry, buffer, sizeof buffer, &found);
    else
        getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found);
    return found ? rog_strdup(found->pw_dir) : NULL;
}

static void collect_values(const struct rog_ssh_settings *settings, struct here *here)
{
    char buffer[PASSWD_BYTES];
    unsigned char sum[ROG_SHA1_BYTES];
    struct passwd entry, *found = NULL;
    *here = (struct here){0};
    if (!getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) && found) {
        snprintf(here->home, sizeof here->home, "%s", found->pw_dir);
        snprintf(here->user, sizeof here->user, "%s", found->pw_name);
    }
    snprintf(here->uid, sizeof here->uid, "%u", (unsigned)getuid());
    gethostname(here->host, sizeof here->host - 1);
    memcpy(here->short_host, here->host, sizeof here->host);
    here->short_host[strcspn(here->short_host, ".")] = '\0';
    char *all = rog_format("%s%s%u%s", here->host,
                           settings->host_name ? settings->host_name : settings->host,
                           settings->port, settings->user ? settings->user : "");
    bool hashed = all && rog_sha1(all, sum);
    for (size_t i = 0; hashed && i < sizeof sum; i++)
        snprintf(here->hash + 2 * i, 3, "%02x", sum[i]);
    free(all);
}

/* Returns the value of a token; NULL: there is no such token. */
static const char *token_of(const struct rog_ssh_settings *settings, const struct here *here,
                            const struct rog_ssh_token *more, const char *port, char letter)
{
    const struct rog_ssh_token all[] = {
        {'%', "%"},
        {'d', here->home},
        {'h', settings->host_name ? settings->host_name : settings->host},
        {'i', here->uid},
        {'j', settings->proxy_jump ? NULL : ""},
        {'k', settings->host_key_alias ? settings->host_key_alias : settings->host},
        {'L', here->short_host},
        {'l', here->host},
        {'n', settings->host},
        {'p', port},
        {'r', settings->user},
        {'u', here->user},
        /* newer versions of ssh include the hosts of ProxyJump */
        {'C', settings->proxy_jump || !here->hash[0] ? NULL : here->hash},
        {0},
    };
    for (const struct rog_ssh_token *at = more; at && at->letter; at++)
        if (at->letter == letter)
            return at->text;
    for (const struct rog_ssh_token *at = all; at->letter; at++)
        if (at->letter == letter)
            return at->text;
    return NULL;
}

/* Returns the value of ${NAME} at *at, and moves *at behind it. */
static const char *variable_of(const char **at)
{
    const char *end = strchr(*at, '}');
    char *name = end ? strndup(*at + 2, (size_t)(end - *at - 2)) : NULL;
    const char *value = name ? getenv(name) : NULL;
    free(name);
    if (end)
        *at = end + 1;
    return value;
}

static int add(char **text, size_t *used, const char *more, size_t bytes, struct rog_error *err)
{
    char *longer = realloc(*text, *used + bytes + 1);
    if (!longer)
        return rog_fail_nomem(err);
    memcpy(longer + *used, more, bytes);
    *used += bytes;
    longer[*used] = '\0';
    *text = longer;
    return ROG_OK;
}

/* Expands a leading ~ or ~user. */
static int add_home(const char **at, char **text, size_t *used, struct rog_error *err)
{
    if (**at != '~')
        return add(text, used, "", 0, err);
    size_t bytes = strcspn(*at + 1, "/");
    char *user = bytes ? strndup(*at + 1, bytes) : NULL;
    char *home = !bytes || user ? home_of(user) : NULL;
    int code = home ? add(text, used, home, strlen(home), err)
                    : rog_fail(err, ROG_EINVAL, "there is no home folder of %s",
                               user ? user : "this user");
    free(home);
    free(user);
    *at += 1 + bytes;
    return code;
}

static int expand(const struct rog_ssh_settings *settings, const char *what, const char *text,
                  const struct rog_ssh_token *more, bool is_command, char **expanded,
                  struct rog_error *err)
{
    struct here here;
    char port[16], *made = NULL;
    size_t used = 0;
    collect_values(settings, &here);
    snprintf(port, sizeof port, "%u", settings->port);
    const char *at = text;
    int code = is_command ? add(&made, &used, "", 0, err) : add_home(&at, &made, &used, err);
    while (!code && *at) {
        size_t plain = strcspn(at, is_command ? "%" : "%$");
        const char *value = NULL;
        code = add(&made, &used, at, plain, err);
        at += plain;
        if (code || !*at)
            break;
        if (*at == '$' && at[1] != '{') {
            code = add(&made, &used, at++, 1, err);
            continue;
        }
        if (*at == '$') {
            value = variable_of(&at);
        } else if (at[1]) {
            value = token_of(settings, &here, more, port, at[1]);
            at += 2;
        }
        code = value ? add(&made, &used, value, strlen(value), err)
                     : rog_fail(err, ROG_EINVAL,
                                "the ssh configuration has \"%s %s\": a variable or token in it "
                                "has no value here",
                                what, text);
        if (!value)
            break;
    }
    if (code) {
        free(made);
        return code;
    }
    *expanded = made;
    return ROG_OK;
}

int rog_ssh_token_expand(const struct rog_ssh_settings *settings, const char *what,
                         const char *text, const struct rog_ssh_token *more, char **expanded,
                         struct rog_error *err)
{
    return expand(settings, what, text, more, false, expanded, err);
}

int rog_ssh_token_expand_command(const struct rog_ssh_settings *settings, const char *what,
                                 const char *text, char **expanded, struct rog_error *err)
{
    return expand(settings, what, text, NULL, true, expanded, err);
}
