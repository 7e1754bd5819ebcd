/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a host's key is the known one. */
#include <orchestrator/ssh/ssh_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/ssh/known_hosts.h>
#include <orchestrator/ssh/quote.h>
#include <orchestrator/ssh/text_file.h>
#include <orchestrator/ssh/token.h>

#define COMMAND_TIMEOUT_S 20
#define MAX_ARGUMENTS 32
#define ATTACK "Possible man-in-the-middle attack"
#define REVOKED_MAX_BYTES ((size_t)16 << 20)

/* The key that the host has presented. */
struct shown {
    const char *type; /* "ssh-ed25519" */
    char *key;        /* base64 */
    char *print;      /* "SHA256:..." */
};

/* ---- known keys ---- */

/* Runs KnownHostsCommand with the additional tokens that ssh provides. *text becomes its output,
 * NULL if there is no command. */
static int run_command(const struct rog_ssh *ssh, const char *occasion, const struct shown *shown,
                       char **text, struct rog_error *err)
{
    const struct rog_ssh_settings *settings = &ssh->settings;
    const struct rog_process_limit limit = {COMMAND_TIMEOUT_S, ssh->connection.stopped,
                                            ssh->connection.stopped_user};
    const char *rest = settings->known_hosts_command;
    char *argv[MAX_ARGUMENTS] = {NULL}, *name = NULL;
    int code = ROG_OK;
    size_t count = 0;
    *text = NULL;
    if (!rest)
        return ROG_OK;
    name = settings->host_key_alias ? rog_strdup(settings->host_key_alias)
           : settings->port == 22   ? rog_strdup(settings->host_name)
                                    : rog_format("[%s]:%u", settings->host_name, settings->port);
    const struct rog_ssh_token tokens[] = {
        {'I', occasion},
        {'H', name},
        {'t', shown ? shown->type : "NONE"},
        {'f', shown && shown->print ? shown->print : "NONE"},
        {'K', shown ? shown->key : "NONE"},
        {0},
    };
    for (char *word;
         !code && count + 1 < MAX_ARGUMENTS && (word = rog_ssh_settings_word(&rest)) != NULL;
         free(word)) {
        code = rog_ssh_token_expand(settings, "KnownHostsCommand", word, tokens, &argv[count], err);
        count += !code;
    }
    if (!code && rest[strspn(rest, " \t")])
        code = rog_fail(err, ROG_EINVAL, "KnownHostsCommand has more than %d words",
                        MAX_ARGUMENTS - 1);
    if (!code && (!count || argv[0][0] != '/'))
        code = rog_fail(err, ROG_EINVAL, "KnownHostsCommand %s does not begin with a full path",
                        settings->known_hosts_command);
    if (!code) {
        code = rog_process_run_within((const char *const *)argv, &limit, text, err);
        if (code)
            rog_fail_prefix(err, "KnownHostsCommand");
    }
    for (size_t i = 0; i < count; i++)
        free(argv[i]);
    free(name);
    return code;
}

static struct rog_known_hosts known_of(const struct rog_ssh_settings *settings, const char *more)
{
    return (struct rog_known_hosts){
        .files = {&settings->user_known_hosts, &settings->global_known_hosts},
        .more = more,
        .name = settings->host_key_alias ? settings->host_key_alias : settings->host_name,
        .port = settings->host_key_alias ? 0 : settings->port,
    };
}

/* ---- types of keys to request ---- */

static const char *type_of_algorithm(const char *algorithm)
{
    return strncmp(algorithm, "rsa-sha2-", 9) == 0 ? "ssh-rsa" : algorithm;
}

static bool has(const struct rog_ssh_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return true;
    return false;
}

/* Orders the algorithms that libssh can check: those of known keys first, because a host with
 * several keys would otherwise present one that is not known yet. */
static char *order(const char *algorithms, const struct rog_ssh_names *known)
{
    char *ordered = calloc(1, strlen(algorithms) + 2), *end = ordered;
    for (int round = 0; ordered && round < 2; round++) {
        for (const char *at = algorithms; *at;) {
            size_t bytes = strcspn(at, ",");
            char *name = strndup(at, bytes);
            if (name && !strstr(name, "-cert-") &&
                has(known, type_of_algorithm(name)) == (round == 0))
                end += sprintf(end, "%s%s", end == ordered ? "" : ",", name);
            free(name);
            at += bytes + (at[bytes] == ',');
        }
    }
    return ordered;
}

int rog_ssh_order_host_keys(struct rog_ssh *ssh, struct rog_error *err)
{
    static const char usual[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
                                "ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,"
                                "sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256";
    const struct rog_ssh_settings *settings = &ssh->settings;
    const char *wanted = settings->host_key_algorithms;
    struct rog_ssh_names types = {0};
    char *more = NULL, *ordered = NULL;
    int code = run_command(ssh, "ORDER", NULL, &more, err);
    if (!code) {
        const struct rog_known_hosts known = known_of(settings, more);
        code = rog_known_hosts_types(&known, &types, err);
    }
    if (!code && wanted && strchr("+-^", wanted[0]))
        ordered = rog_strdup(wanted);
    else if (!code)
        ordered = order(wanted ? wanted : usual, &types);
    if (!code && !ordered)
        code = rog_fail_nomem(err);
    if (!code && !ordered[0])
        code = rog_fail(err, ROG_EINVAL,
                        "HostKeyAlgorithms of the ssh configuration allows only %s: rogctl does "
                        "not support host certificates",
                        wanted);
    if (!code && ssh_options_set(ssh->session, SSH_OPTIONS_HOSTKEYS, ordered) != SSH_OK)
        code = rog_ssh_fail(ssh, err, "HostKeyAlgorithms");
    free(ordered);
    free(more);
    rog_ssh_names_release(&types);
    return code;
}

/* ---- messages ---- */

char *rog_ssh_config_flag(const struct rog_ssh_settings *settings)
{
    if (!settings->config)
        return rog_strdup("");
    char *file = rog_ssh_quote_word(settings->config);
    char *flag = file ? rog_format(" -F %s", file) : NULL;
    free(file);
    return flag;
}

/* Reports an unknown host with a command that adds its key. ssh asks and stores the key only if it
 * knows no other key of the host, so it must request this type; and there must be a file to write
 * to. */
static int unknown(const struct rog_ssh *ssh, const struct shown *shown, const char *flag,
                   const struct rog_known_line *line, struct rog_error *err)
{
    const struct rog_ssh_settings *settings = &ssh->settings;
    const char *type = strcmp(shown->type, "ssh-rsa") == 0 ? "rsa-sha2-512" : shown->type;
    const struct rog_ssh_names *files = &settings->user_known_hosts;
    bool writes = files->count && strcmp(files->name[0], "/dev/null") != 0;
    char *vouched = line->file ? rog_format(" %s:%zu trusts a certificate authority "
                                            "(@cert-authority), but rogctl does not support host "
                                            "certificates.",
                                            line->file, line->number)
                               : rog_strdup("");
    int code = rog_fail(
        err, ROG_EINVAL,
        "the host key of %s is not known: %s.%s %sCompare it with the one that the host itself "
        "shows, then accept it with: ssh%s -o StrictHostKeyChecking=ask -o HostKeyAlgorithms=%s %s "
        "true",
        ssh->name, shown->print ? shown->print : "(no fingerprint)", vouched ? vouched : "",
        writes ? "" : "The ssh configuration names no file to keep it in: set UserKnownHostsFile. ",
        flag, type, ssh->name);
    free(vouched);
    return code;
}

static int changed(const struct rog_ssh *ssh, const struct shown *shown,
                   const struct rog_known_line *line, struct rog_error *err)
{
    if (strcmp(line->file, ROG_KNOWN_HOSTS_MORE) == 0)
        return rog_fail(err, ROG_EINVAL, "the host key of %s is not the one in %s: %s. " ATTACK,
                        ssh->name, line->file, shown->print ? shown->print : "(no fingerprint)");
    char *file = rog_ssh_quote_word(line->file), *name = rog_ssh_quote_word(line->name);
    int code = file && name
                   ? rog_fail(err, ROG_EINVAL,
                              "the host key of %s is not the one in %s:%zu: %s. " ATTACK
                              ". If you know why it changed, remove the old one with: ssh-keygen "
                              "-f %s -R %s",
                              ssh->name, line->file, line->number,
                              shown->print ? shown->print : "(no fingerprint)", file, name)
                   : rog_fail_nomem(err);
    free(name);
    free(file);
    return code;
}

static int revoked(const struct rog_ssh *ssh, const struct shown *shown, const char *where,
                   struct rog_error *err)
{
    return rog_fail(
        err, ROG_EINVAL,
        "the host key of %s is revoked by %s: %s. It may be compromised: give the host a new key",
        ssh->name, where, shown->print ? shown->print : "(no fingerprint)");
}

/* ---- checks ---- */

/* RevokedHostKeys: a list of public keys; a binary list is rejected. As with ssh, a file that
 * cannot be read revokes all keys. */
static int check_revoked_list(const struct rog_ssh *ssh, const struct shown *shown,
                              struct rog_error *err)
{
    const char *file = ssh->settings.revoked_host_keys;
    char *text = NULL, *rest = NULL;
    if (!file)
        return ROG_OK;
    int code = rog_ssh_text_file_read(file, REVOKED_MAX_BYTES, &text, err);
    if (code == ROG_EFORMAT) {
        const struct rog_error why = *err;
        return rog_fail(err, ROG_EINVAL,
                        "RevokedHostKeys: %s. rogctl does not support binary key revocation lists; "
                        "give it a list of public keys",
                        why.message);
    }
    if (code)
        return rog_fail_prefix(err, "RevokedHostKeys");
    for (char *line = strtok_r(text, "\r\n", &rest); !code && line;
         line = strtok_r(NULL, "\r\n", &rest)) {
        const char *at = line;
        char *type = rog_ssh_settings_word(&at), *key = rog_ssh_settings_word(&at);
        if (type && key && strcmp(type, shown->type) == 0 && strcmp(key, shown->key) == 0)
            code = revoked(ssh, shown, file, err);
        free(type);
        free(key);
    }
    free(text);
    return code;
}

static int judge(const struct rog_ssh *ssh, const struct shown *shown, struct rog_error *err)
{
    const struct rog_ssh_settings *settings = &ssh->settings;
    struct rog_known_line line = {0};
    enum rog_known_host answer = ROG_HOST_UNKNOWN;
    char *more = NULL, *flag = rog_ssh_config_flag(settings), where[300];
    int code = flag ? run_command(ssh, "HOSTNAME", shown, &more, err) : rog_fail_nomem(err);
    if (!code) {
        const struct rog_known_hosts known = known_of(settings, more);
        code = rog_known_hosts_find(&known, shown->type, shown->key, &answer, &line, err);
    }
    if (!code && answer == ROG_HOST_REVOKED) {
        snprintf(where, sizeof where, "%s:%zu (@revoked)", line.file, line.number);
        code = revoked(ssh, shown, where, err);
    } else if (!code && answer == ROG_HOST_CHANGED) {
        code = changed(ssh, shown, &line, err);
    } else if (!code && answer != ROG_HOST_KNOWN) {
        code = unknown(ssh, shown, flag, &line, err);
        if (settings->not_understood)
            rog_ssh_fail_unsupported(ssh, err);
    }
    free(more);
    free(flag);
    return code;
}

int rog_ssh_check_host_key(struct rog_ssh *ssh, struct rog_error *err)
{
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t size = 0;
    struct shown shown = {0};
    int code = ROG_OK;
    if (ssh_get_server_publickey(ssh->session, &key) != SSH_OK ||
        ssh_pki_export_pubkey_base64(key, &shown.key) != SSH_OK ||
        ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != SSH_OK)
        code = rog_ssh_fail(ssh, err, "cannot check its host key");
    if (!code) {
        shown.type = ssh_key_type_to_char(ssh_key_type(key));
        shown.print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
        code = check_revoked_list(ssh, &shown, err);
    }
    if (!code)
        code = judge(ssh, &shown, err);
    ssh_string_free_char(shown.print);
    ssh_string_free_char(shown.key);
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
    return code;
}
