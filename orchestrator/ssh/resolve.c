/* SPDX-License-Identifier: Apache-2.0 */
/* Runs ssh -G, or reads the configuration files, and fills in what they leave out. */
#include <orchestrator/ssh/resolve.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/ssh/config_file.h>
#include <orchestrator/ssh/token.h>

#define ASK_TIMEOUT_S 20

static int take_answer(struct rog_ssh_settings *settings, char *text, struct rog_error *err)
{
    int code = ROG_OK;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); !code && line;
         line = strtok_r(NULL, "\n", &rest)) {
        bool known; /* unknown words of a newer ssh are ignored */
        char *blank = strchr(line, ' ');
        if (!blank)
            continue;
        *blank = '\0';
        code = rog_ssh_settings_take(settings, line, blank + 1, &known, err);
    }
    bool whole = settings->host_name && settings->user && settings->port_text;
    return code || whole ? code
                         : rog_fail(err, ROG_EFAILED,
                                    "`ssh -G %s` does not print a configuration as OpenSSH does: "
                                    "see which ssh is first in PATH",
                                    settings->host);
}

/* Runs ssh -G. Returns ROG_ENOTFOUND if the client is not installed. */
static int ask_client(struct rog_ssh_settings *settings, const struct rog_ssh_target *target,
                      struct rog_error *err)
{
    char port[16], *text = NULL;
    const char *argv[12];
    size_t n = 0;
    snprintf(port, sizeof port, "%u", target->port);
    argv[n++] = "ssh";
    argv[n++] = "-G";
    if (target->config) {
        argv[n++] = "-F";
        argv[n++] = target->config;
    }
    if (target->user) {
        argv[n++] = "-l";
        argv[n++] = target->user;
    }
    if (target->port) {
        argv[n++] = "-p";
        argv[n++] = port;
    }
    argv[n++] = "--";
    argv[n++] = target->host;
    argv[n] = NULL;
    const struct rog_process_limit limit = {ASK_TIMEOUT_S, target->stopped, target->stopped_user};
    int code = rog_process_run_within(argv, &limit, &text, err);
    if (code && code != ROG_ENOTFOUND)
        rog_fail_prefix(err, "cannot read the ssh configuration");
    if (!code) {
        settings->by_client = true;
        code = take_answer(settings, text, err);
    }
    free(text);
    return code;
}

/* Without the client: sets ssh's defaults for what the files do not set. */
static int fill_in(struct rog_ssh_settings *settings, struct rog_error *err)
{
    static const char *const keys[] = {"rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk"};
    const struct {
        struct rog_ssh_names *names;
        const char *one, *two;
    } files[] = {
        {&settings->user_known_hosts, "~/.ssh/known_hosts", "~/.ssh/known_hosts2"},
        {&settings->global_known_hosts, "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"},
    };
    int code = ROG_OK;
    for (size_t i = 0; !code && i < sizeof files / sizeof *files; i++) {
        struct rog_ssh_names *names = files[i].names;
        if (names->count)
            continue;
        code = rog_ssh_names_add(names, files[i].one, strlen(files[i].one), err);
        code = code ? code : rog_ssh_names_add(names, files[i].two, strlen(files[i].two), err);
    }
    bool none = !settings->identities.count;
    for (size_t i = 0; !code && none && i < sizeof keys / sizeof *keys; i++) {
        char *name = rog_format("~/.ssh/id_%s", keys[i]);
        code = name ? rog_ssh_names_add(&settings->identities, name, strlen(name), err)
                    : rog_fail_nomem(err);
        free(name);
    }
    return code;
}

static int complete(struct rog_ssh_settings *settings, struct rog_error *err)
{
    char *end = NULL;
    unsigned long port = settings->port_text ? strtoul(settings->port_text, &end, 10) : 22;
    if (port < 1 || port > 65535 || (end && *end))
        return rog_fail(err, ROG_EINVAL, "the ssh configuration has Port %s for %s",
                        settings->port_text, settings->host);
    settings->port = (unsigned)port;
    if (!settings->host_name)
        settings->host_name = rog_strdup(settings->host);
    char *name = settings->host_name;
    const struct rog_ssh_token host = {'h', settings->host}, tokens[] = {host, {0}};
    int code = name ? ROG_OK : rog_fail_nomem(err);
    if (!code && !settings->by_client && strchr(name, '%')) {
        code = rog_ssh_token_expand(settings, "HostName", name, tokens, &settings->host_name, err);
        if (!code)
            free(name);
    }
    return code;
}

static void forget_none(char **text)
{
    if (*text && strcasecmp(*text, "none") == 0) {
        free(*text);
        *text = NULL;
    }
}

/* Removes "none", which means no file, from a list. */
static void forget_none_of(struct rog_ssh_names *names)
{
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        forget_none(&names->name[i]);
        if (names->name[i])
            names->name[kept++] = names->name[i];
    }
    names->count = kept;
}

/* Expands each name of the list. */
static int expand_all(struct rog_ssh_settings *settings, struct rog_ssh_names *names,
                      const char *what, struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; !code && i < names->count; i++) {
        char *name = names->name[i];
        code = rog_ssh_token_expand(settings, what, name, NULL, &names->name[i], err);
        if (!code)
            free(name);
    }
    return code;
}

static int expand_one(struct rog_ssh_settings *settings, char **text, const char *what,
                      struct rog_error *err)
{
    char *raw = *text, *expanded = NULL;
    int code = raw ? rog_ssh_token_expand(settings, what, raw, NULL, &expanded, err) : ROG_OK;
    if (raw && !code) {
        *text = expanded;
        free(raw);
    }
    return code;
}

/* IdentityAgent may be a socket, the name of a variable with its path, or absent. */
static int find_agent(struct rog_ssh_settings *settings, struct rog_error *err)
{
    char *named = settings->identity_agent;
    const char *variable = !named || strcmp(named, "SSH_AUTH_SOCK") == 0 ? "SSH_AUTH_SOCK"
                           : named[0] == '$' && named[1] != '{'          ? named + 1
                                                                         : NULL;
    if (!variable)
        return settings->by_client
                   ? ROG_OK
                   : expand_one(settings, &settings->identity_agent, "IdentityAgent", err);
    const char *socket = getenv(variable);
    settings->identity_agent = socket && socket[0] ? rog_strdup(socket) : NULL;
    free(named);
    return ROG_OK;
}

static int expand_paths(struct rog_ssh_settings *settings, struct rog_error *err)
{
    char *agent = settings->identity_agent;
    bool no_agent = agent && strcasecmp(agent, "none") == 0;
    forget_none(&settings->host_key_alias);
    forget_none(&settings->known_hosts_command);
    forget_none(&settings->revoked_host_keys);
    forget_none(&settings->identity_agent);
    forget_none(&settings->proxy_command);
    forget_none(&settings->proxy_jump);
    forget_none(&settings->bind_address);
    forget_none(&settings->bind_interface);
    struct rog_ssh_names *files[] = {&settings->identities, &settings->certificates,
                                     &settings->user_known_hosts, &settings->global_known_hosts};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        forget_none_of(files[i]);
    int code = no_agent ? ROG_OK : find_agent(settings, err);
    code = code ? code : expand_all(settings, &settings->identities, "IdentityFile", err);
    code = code ? code : expand_all(settings, &settings->certificates, "CertificateFile", err);
    code = code ? code : expand_one(settings, &settings->revoked_host_keys, "RevokedHostKeys", err);
    if (code || settings->by_client) { /* ssh has done the rest */
        return code;
    }
    code = expand_all(settings, &settings->user_known_hosts, "UserKnownHostsFile", err);
    return code ? code
                : expand_all(settings, &settings->global_known_hosts, "GlobalKnownHostsFile", err);
}

static int read_files(struct rog_ssh_settings *settings, const struct rog_ssh_target *target,
                      struct rog_error *err)
{
    if (target->user)
        settings->user = rog_strdup(target->user);
    if (target->port)
        settings->port_text = rog_format("%u", target->port);
    if ((target->user && !settings->user) || (target->port && !settings->port_text))
        return rog_fail_nomem(err);
    int code = rog_ssh_config_read(settings, err);
    if (code)
        return code;
    if (!settings->user)
        code = rog_ssh_token_expand_command(settings, "User", "%u", &settings->user, err);
    return code ? code : fill_in(settings, err);
}

int rog_ssh_settings_read(struct rog_ssh_settings *settings, const struct rog_ssh_target *target,
                          struct rog_error *err)
{
    *settings = (struct rog_ssh_settings){.host = rog_strdup(target->host),
                                          .config = rog_strdup(target->config)};
    if (!settings->host || (target->config && !settings->config))
        return rog_fail_nomem(err);
    int code = ask_client(settings, target, err);
    if (code == ROG_ENOTFOUND)
        code = read_files(settings, target, err);
    code = code ? code : complete(settings, err);
    return code ? code : expand_paths(settings, err);
}
