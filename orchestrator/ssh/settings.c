/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the words of an ssh configuration that rogctl supports. */
#include <orchestrator/ssh/settings.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>

#define BLANKS " \t\r\n"
#define MISSED_MAX_BYTES 300 /* a message has room for these */
#define MAX_FILES 100

enum kind {
    TEXT,  /* the rest of the line */
    WORD,  /* one word */
    FILES, /* several files on a line; only the first line counts */
    MORE   /* one file per line; all lines count */
};

struct row {
    const char *word;
    enum kind kind;
    size_t at; /* offset in struct rog_ssh_settings */
};
#define AT(member) offsetof(struct rog_ssh_settings, member)

static const struct row rows[] = {
    {"hostname", WORD, AT(host_name)},
    {"user", WORD, AT(user)},
    {"port", WORD, AT(port_text)},
    {"hostkeyalias", WORD, AT(host_key_alias)},
    {"userknownhostsfile", FILES, AT(user_known_hosts)},
    {"globalknownhostsfile", FILES, AT(global_known_hosts)},
    {"knownhostscommand", TEXT, AT(known_hosts_command)},
    {"revokedhostkeys", WORD, AT(revoked_host_keys)},
    {"identityfile", MORE, AT(identities)},
    {"certificatefile", MORE, AT(certificates)},
    {"identityagent", WORD, AT(identity_agent)},
    {"identitiesonly", WORD, AT(identities_only)},
    {"pubkeyauthentication", WORD, AT(public_key)},
    {"passwordauthentication", WORD, AT(password)},
    {"kbdinteractiveauthentication", WORD, AT(questions)},
    {"challengeresponseauthentication", WORD, AT(questions)},
    {"preferredauthentications", WORD, AT(preferred)},
    {"proxycommand", TEXT, AT(proxy_command)},
    {"proxyjump", WORD, AT(proxy_jump)},
    {"ciphers", WORD, AT(ciphers)},
    {"kexalgorithms", WORD, AT(key_exchange)},
    {"macs", WORD, AT(macs)},
    {"hostkeyalgorithms", WORD, AT(host_key_algorithms)},
    {"pubkeyacceptedalgorithms", WORD, AT(public_key_algorithms)},
    {"pubkeyacceptedkeytypes", WORD, AT(public_key_algorithms)},
    {"compression", WORD, AT(compression)},
    {"addressfamily", WORD, AT(address_family)},
    {"bindaddress", WORD, AT(bind_address)},
    {"bindinterface", WORD, AT(bind_interface)},
    {"requiredrsasize", WORD, AT(rsa_bits)},
};

/* Words that affect which host ssh reaches or how it authenticates, and that rogctl does not
 * support, with the value that has no effect. */
static const struct {
    const char *word, *harmless;
} missing[] = {
    {"checkhostip", "no"},    {"hostbasedauthentication", "no"}, {"pkcs11provider", "none"},
    {"proxyusefdpass", "no"}, {"verifyhostkeydns", "no"},
};

/* Words that do not affect reaching a host and running commands on it. */
static const char *const passed_over[] = {
    "addkeystoagent",
    "batchmode",
    "canonicalizefallbacklocal",
    "canonicalizemaxdots",
    "casignaturealgorithms",
    "channeltimeout",
    "clearallforwardings",
    "connectionattempts",
    "connecttimeout",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "dynamicforward",
    "enableescapecommandline",
    "enablesshkeysign",
    "escapechar",
    "exitonforwardfailure",
    "fingerprinthash",
    "forkafterauthentication",
    "forwardagent",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "gssapiauthentication",
    "gssapidelegatecredentials",
    "gssapikeyexchange",
    "hashknownhosts",
    "hostbasedacceptedalgorithms",
    "ignoreunknown",
    "ipqos",
    "localcommand",
    "localforward",
    "loglevel",
    "logverbose",
    "nohostauthenticationforlocalhost",
    "numberofpasswordprompts",
    "obscurekeystroketiming",
    "permitlocalcommand",
    "permitremoteopen",
    "protocol",
    "rekeylimit",
    "remotecommand",
    "remoteforward",
    "requesttty",
    "securitykeyprovider",
    "sendenv",
    "serveralivecountmax",
    "serveraliveinterval",
    "sessiontype",
    "setenv",
    "stdinnull",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "stricthostkeychecking",
    "syslogfacility",
    "tcpkeepalive",
    "tunnel",
    "tunneldevice",
    "updatehostkeys",
    "useroaming",
    "usekeychain",
    "visualhostkey",
    "xauthlocation",
};

bool rog_ssh_settings_say_no(const char *value)
{
    return value && (strcasecmp(value, "no") == 0 || strcasecmp(value, "false") == 0);
}

/* Returns whether a list of words, separated by ", ", contains the word. */
static bool is_listed(const char *list, const char *word)
{
    size_t bytes = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += bytes)
        if ((at == list || (at - list >= 2 && at[-2] == ',')) && (at[bytes] == ',' || !at[bytes]))
            return true;
    return false;
}

int rog_ssh_settings_miss(struct rog_ssh_settings *settings, const char *word,
                          struct rog_error *err)
{
    static const char others[] = "...";
    const char *so_far = settings->not_understood;
    if (so_far && (is_listed(so_far, word) || is_listed(so_far, others)))
        return ROG_OK;
    bool has_room = !so_far || strlen(so_far) + strlen(word) < MISSED_MAX_BYTES;
    char *more = rog_format("%s%s%.*s", so_far ? so_far : "", so_far ? ", " : "", MISSED_MAX_BYTES,
                            has_room ? word : others);
    if (!more)
        return rog_fail_nomem(err);
    free(settings->not_understood);
    settings->not_understood = more;
    return ROG_OK;
}

/* ---- words and lines ---- */

char *rog_ssh_settings_word(const char **line)
{
    const char *at = *line + strspn(*line, BLANKS);
    char *word = *at ? malloc(strlen(at) + 1) : NULL, *end = word, quote = '\0';
    for (; word && *at && (quote || !strchr(BLANKS, *at)); at++) {
        if (*at == '\\' && at[1] && strchr("\"'\\ ", at[1]))
            *end++ = *++at;
        else if (quote ? *at == quote : *at == '"' || *at == '\'')
            quote = quote ? '\0' : *at;
        else
            *end++ = *at;
    }
    if (word)
        *end = '\0';
    *line = at;
    return word;
}

/* `ssh -G` writes file names separated by spaces and without quotes: the shortest sequence of words
 * that names an existing file is one name. */
static int split_files(struct rog_ssh_names *files, const char *value, struct rog_error *err)
{
    int code = ROG_OK;
    value += strspn(value, " ");
    while (!code && *value) {
        size_t bytes = strcspn(value, " "), longer = bytes;
        for (bool found = false; !found; longer += 1 + strcspn(value + longer + 1, " ")) {
            char *name = strndup(value, longer);
            if (!name)
                return rog_fail_nomem(err);
            found = rog_file_exists(name);
            free(name);
            if (found)
                bytes = longer;
            if (!value[longer])
                break;
        }
        code = rog_ssh_names_add(files, value, bytes, err);
        value += bytes;
        value += strspn(value, " ");
    }
    return code;
}

static int take_files(const struct rog_ssh_settings *settings, struct rog_ssh_names *files,
                      const char *value, struct rog_error *err)
{
    int code = ROG_OK;
    if (files->count)
        return ROG_OK;
    if (settings->by_client)
        return split_files(files, value, err);
    for (char *word; !code && (word = rog_ssh_settings_word(&value)) != NULL; free(word))
        code = rog_ssh_names_add(files, word, strlen(word), err);
    return code;
}

/* Returns the value of a word: ssh -G writes it as it is, a file may contain it in quotes. Heap
 * memory. */
static char *value_of(const struct rog_ssh_settings *settings, enum kind kind, const char *value)
{
    return settings->by_client || kind == TEXT ? rog_strdup(value) : rog_ssh_settings_word(&value);
}

static int take_row(struct rog_ssh_settings *settings, const struct row *row, const char *value,
                    struct rog_error *err)
{
    void *member = (char *)settings + row->at;
    if (row->kind == FILES)
        return take_files(settings, member, value, err);
    if (row->kind != MORE && *(char **)member)
        return ROG_OK;
    char *one = value_of(settings, row->kind, value);
    if (!one)
        return *value ? rog_fail_nomem(err)
                      : rog_fail(err, ROG_EINVAL, "the ssh configuration has %s without a value",
                                 row->word);
    if (row->kind != MORE) {
        *(char **)member = one;
        return ROG_OK;
    }
    const struct rog_ssh_names *files = member;
    int code = files->count < MAX_FILES
                   ? rog_ssh_names_add(member, one, strlen(one), err)
                   : rog_fail(err, ROG_EINVAL, "the ssh configuration has more than %d of %s",
                              MAX_FILES, row->word);
    free(one);
    return code;
}

int rog_ssh_settings_take(struct rog_ssh_settings *settings, const char *word, const char *value,
                          bool *known, struct rog_error *err)
{
    *known = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcasecmp(word, rows[i].word) == 0)
            return take_row(settings, &rows[i], value, err);
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (strcasecmp(word, missing[i].word) == 0) {
            bool harmless =
                strcasecmp(value, missing[i].harmless) == 0 ||
                (rog_ssh_settings_say_no(missing[i].harmless) && rog_ssh_settings_say_no(value));
            return harmless ? ROG_OK : rog_ssh_settings_miss(settings, missing[i].word, err);
        }
    for (size_t i = 0; i < sizeof passed_over / sizeof *passed_over; i++)
        if (strcasecmp(word, passed_over[i]) == 0)
            return ROG_OK;
    *known = false;
    return ROG_OK;
}

void rog_ssh_settings_release(struct rog_ssh_settings *settings)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *member = (char *)settings + rows[i].at;
        if (rows[i].kind == FILES || rows[i].kind == MORE) {
            rog_ssh_names_release(member);
        } else { /* two words may share a member */
            free(*(char **)member);
            *(char **)member = NULL;
        }
    }
    free(settings->host);
    free(settings->config);
    free(settings->not_understood);
    *settings = (struct rog_ssh_settings){0};
}
