/* SPDX-License-Identifier: Apache-2.0 */
/* Logs in to a host: with a key, a password, or answers to its questions. */
#include <orchestrator/ssh/ssh_state.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/ssh/keys.h>
#include <orchestrator/ssh/known_hosts.h>
#include <orchestrator/ssh/quote.h>

#define TRIES 3
#define MAX_NAMED 8
#define MAX_PROMPTS 8
#define MAX_STEPS 4 /* methods that a host may require one after the other */
#define ANSWER_BYTES 512

/* State of a login to one host. */
struct login {
    struct rog_ssh *ssh;
    const struct rog_ssh_options *options;
    struct rog_keys keys;
    size_t offered;            /* number of keys offered */
    char answer[ANSWER_BYTES]; /* wiped at the end */
    char *locked;              /* a key file whose passphrase the user did not give */
    bool was_wrong;            /* the passphrase given was wrong */
    bool uses_keys;            /* the configuration allows keys */
    int methods;               /* methods that the host accepts next */
    bool takes_keys;           /* the host accepts keys */
    const char *accepted;      /* what it has accepted while it requires more; NULL: nothing */
    bool was_asked;            /* the user answered the host's last question */
};

/* Asks the user, without a time limit. */
static bool ask(struct login *login, const char *what, bool echo, unsigned *number)
{
    const struct rog_ssh_options *options = login->options;
    if (!options->ask)
        return false;
    rog_ssh_watch_begin(login->ssh->watch, (double)INFINITY);
    bool answered =
        options->ask(options->ask_user, what, echo, number, login->answer, sizeof login->answer);
    rog_ssh_watch_begin(login->ssh->watch, login->ssh->timeout_s);
    return answered;
}

/* ---- keys ---- */

/* Returns the private key of a file, asking the user for its passphrase if necessary; NULL on
 * failure. */
static ssh_key open_key(struct login *login, const char *file)
{
    ssh_key key = NULL;
    unsigned number = 0;
    if (ssh_pki_import_privkey_file(file, "", NULL, NULL, &key) == SSH_OK)
        return key;
    char *what = rog_format("Passphrase of the key %s", file);
    bool good = false;
    while (what && !good && ask(login, what, false, &number))
        good = ssh_pki_import_privkey_file(file, login->answer, NULL, NULL, &key) == SSH_OK;
    if (!good && !login->locked) {
        login->locked = rog_strdup(file);
        login->was_wrong = number > 0;
    }
    explicit_bzero(login->answer, sizeof login->answer);
    free(what);
    return good ? key : NULL;
}

/* Offers a key file. First asks the host whether it accepts the public key: only then the user is
 * asked for a passphrase. */
static int offer_file(struct login *login, const struct rog_key *key)
{
    ssh_session session = login->ssh->session;
    int result = SSH_AUTH_SUCCESS;
    if (key->public)
        result = ssh_userauth_try_publickey(session, NULL, key->public);
    if (result != SSH_AUTH_SUCCESS)
        return result;
    ssh_key private = open_key(login, key->file);
    result = SSH_AUTH_DENIED;
    if (private &&
        (!key->is_certificate || ssh_pki_copy_cert_to_privkey(key->public, private) == SSH_OK))
        result = ssh_userauth_publickey(session, NULL, private);
    ssh_key_free(private);
    return result;
}

static int offer(struct login *login, const struct rog_key *key)
{
    struct rog_keys *keys = &login->keys;
    const double timeout_s = login->ssh->timeout_s;
    login->offered++;
    rog_ssh_watch_begin(login->ssh->watch,
                        key->in_agent ? fmax(timeout_s, ROG_AGENT_SIGN_TIMEOUT_S) : timeout_s);
    if (!key->in_agent)
        return offer_file(login, key);
    rog_agent_choose(keys->agent, key->index, key->shown.blob ? &key->shown : NULL);
    return ssh_userauth_agent(login->ssh->session, NULL);
}

/* Offers the keys one after the other, until one is accepted. A host may require more than one. */
static int by_key(struct login *login)
{
    ssh_session session = login->ssh->session;
    int result = SSH_AUTH_DENIED;
    if (login->keys.agent)
        ssh_set_agent_socket(session, rog_agent_socket(login->keys.agent));
    for (size_t i = 0; i < login->keys.count; i++) {
        int now = offer(login, &login->keys.key[i]);
        if (!ssh_is_connected(session)) /* the host refuses further keys */
            now = SSH_AUTH_ERROR;
        if (now == SSH_AUTH_PARTIAL)
            result = now;
        if (now == SSH_AUTH_SUCCESS || now == SSH_AUTH_ERROR)
            return now;
        if (now == SSH_AUTH_PARTIAL &&
            !(ssh_userauth_list(session, NULL) & SSH_AUTH_METHOD_PUBLICKEY))
            break;
    }
    return result;
}

/* ---- passwords ---- */

static int by_password(struct login *login)
{
    int result = SSH_AUTH_DENIED;
    unsigned number = 0;
    char *what = rog_format("Password of %s", login->ssh->name);
    for (int i = 0; what && i < TRIES && result == SSH_AUTH_DENIED; i++) {
        if (!ask(login, what, false, &number))
            break;
        login->was_asked = true;
        result = ssh_userauth_password(login->ssh->session, NULL, login->answer);
    }
    free(what);
    return result;
}

/* Returns the host's question without control characters, for the terminal. */
static char *question_of(const struct login *login, const char *prompt)
{
    char *what = rog_format("%s asks: %s", login->ssh->name, prompt ? prompt : "");
    for (char *c = what; c && *c; c++)
        *c = iscntrl((unsigned char)*c) ? ' ' : *c;
    size_t size = what ? strlen(what) : 0;
    while (size && strchr(" :", what[size - 1]))
        what[--size] = '\0';
    return what;
}

/* Answers the host's questions until there are no more. Returns false if the user did not
 * answer. */
static bool converse(struct login *login, unsigned number[MAX_PROMPTS], int *result)
{
    ssh_session session = login->ssh->session;
    bool answered = true;
    *result = ssh_userauth_kbdint(session, NULL, NULL);
    for (unsigned asked = 0; answered && *result == SSH_AUTH_INFO;) {
        int count = ssh_userauth_kbdint_getnprompts(session);
        for (int i = 0; answered && i < count; i++, asked++) {
            char echo = 0;
            const char *prompt = ssh_userauth_kbdint_getprompt(session, (unsigned)i, &echo);
            char *what = question_of(login, prompt);
            answered = what && asked < MAX_PROMPTS && ask(login, what, echo != 0, &number[asked]) &&
                       ssh_userauth_kbdint_setanswer(session, (unsigned)i, login->answer) == 0;
            free(what);
        }
        login->was_asked |= answered && count > 0;
        if (answered)
            *result = ssh_userauth_kbdint(session, NULL, NULL);
    }
    return answered;
}

/* Sets *answered to false if the user did not answer. */
static int by_questions(struct login *login, bool *answered)
{
    int result = SSH_AUTH_DENIED;
    unsigned number[MAX_PROMPTS] = {0};
    *answered = true;
    for (int i = 0; *answered && i < TRIES && result == SSH_AUTH_DENIED; i++)
        *answered = converse(login, number, &result);
    return *answered ? result : SSH_AUTH_DENIED;
}

/* Returns whether the configuration allows that kind of authentication. */
static bool may_use(const struct rog_ssh_settings *settings, const char *kind, const char *value)
{
    return !rog_ssh_settings_say_no(value) &&
           (!settings->preferred || rog_known_hosts_matches(settings->preferred, kind));
}

/* ---- methods ---- */

/* Tries the methods that the host accepts, in order. */
static int by_one_of(struct login *login, int methods)
{
    const struct rog_ssh_settings *settings = &login->ssh->settings;
    int result = SSH_AUTH_DENIED;
    bool answered = true;
    if (methods & SSH_AUTH_METHOD_PUBLICKEY && login->uses_keys && !login->takes_keys) {
        login->takes_keys = true;
        result = by_key(login);
    }
    if (result != SSH_AUTH_DENIED || !login->options->ask)
        return result;
    if (methods & SSH_AUTH_METHOD_INTERACTIVE &&
        may_use(settings, "keyboard-interactive", settings->questions))
        result = by_questions(login, &answered);
    if (result == SSH_AUTH_DENIED && answered && methods & SSH_AUTH_METHOD_PASSWORD &&
        may_use(settings, "password", settings->password))
        result = by_password(login);
    return result;
}

/* A host may require several methods, in an order of its own. */
static int by_all(struct login *login)
{
    int result = SSH_AUTH_DENIED;
    for (int i = 0; i < MAX_STEPS; i++) {
        login->methods = ssh_userauth_list(login->ssh->session, NULL);
        result = by_one_of(login, login->methods);
        if (result != SSH_AUTH_PARTIAL)
            break;
        login->accepted = login->was_asked ? "the password or answer" : "the key";
        login->was_asked = false;
    }
    return result;
}

/* ---- messages ---- */

static bool has_public_file(const char *file)
{
    char *beside = rog_format("%s.pub", file);
    const char *end = strrchr(file, '.');
    bool has = (end && strcmp(end, ".pub") == 0) || (beside && rog_file_exists(beside));
    free(beside);
    return has;
}

/* Returns the path for a new key: the default name of its type, or the first name in the
 * configuration that no file has. NULL: there is none. */
static const char *new_key_file(const struct rog_ssh_names *identities)
{
    const char *first = NULL;
    for (size_t i = 0; i < identities->count; i++) {
        const char *name = identities->name[i], *base = strrchr(name, '/');
        if (rog_file_exists(name) || has_public_file(name))
            continue;
        if (base && strcmp(base, "/id_ed25519") == 0)
            return name;
        first = first ? first : name;
    }
    return first;
}

static const char *first_key_file(const struct rog_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->key[i].file && !keys->key[i].is_certificate)
            return keys->key[i].file;
    return NULL;
}

/* Returns what to do before ssh-copy-id can use the file, as a part of a command line. Heap
 * memory. */
static char *preparation(const char *file, const char *quoted, bool is_new)
{
    if (is_new)
        return rog_format("there is no key: create one with: ssh-keygen -t ed25519 -f %s && ",
                          quoted);
    return file && !has_public_file(file)
               ? rog_format("create its public key with: ssh-keygen -y -f %s >%s.pub && ", quoted,
                            quoted)
               : rog_strdup("install it there with: ");
}

/* Returns a setting of the agent's variable for ssh-copy-id, which uses the agent of the
 * environment. Heap memory. */
static char *agent_variable(const struct rog_ssh_settings *settings)
{
    const char *usual = getenv("SSH_AUTH_SOCK"), *agent = settings->identity_agent;
    char *socket =
        agent && !(usual && strcmp(usual, agent) == 0) ? rog_ssh_quote_word(agent) : NULL;
    char *variable = socket ? rog_format("SSH_AUTH_SOCK=%s ", socket) : rog_strdup("");
    free(socket);
    return variable;
}

/* Returns how to install a key that the host accepts. Heap memory. */
static char *key_advice(const struct login *login)
{
    const struct rog_ssh_settings *settings = &login->ssh->settings;
    bool is_new = !login->keys.count;
    const char *file = is_new ? new_key_file(&settings->identities) : first_key_file(&login->keys);
    if (is_new && !file)
        return rog_strdup("there is no key, and the ssh configuration has no free name for a new "
                          "one (IdentityFile)");
    char *host = rog_ssh_quote_word(login->ssh->name), *flag = rog_ssh_config_flag(settings);
    char *quoted = rog_ssh_quote_word(file ? file : "");
    char *variable = file ? rog_strdup("") : agent_variable(settings);
    char *before = quoted ? preparation(file, quoted, is_new) : NULL, *advice = NULL;
    if (host && flag && variable && before)
        advice = rog_format("%s%sssh-copy-id%s%s%s %s", before, variable, flag, file ? " -i " : "",
                            file ? quoted : "", host);
    free(before);
    free(variable);
    free(quoted);
    free(flag);
    free(host);
    return advice;
}

/* Lists the offered keys, as many as fit into a line. */
static void list_offered(const struct login *login, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < login->offered && i < login->keys.count && used < bytes; i++) {
        const char *name = i == MAX_NAMED ? "..." : login->keys.key[i].name;
        int more = snprintf(text + used, bytes - used, "%s%s", i ? ", " : " (", name);
        used += more > 0 ? (size_t)more : 0;
        if (i == MAX_NAMED)
            break;
    }
    if (used && used + 1 < bytes)
        memcpy(text + used, ")", 2);
}

/* `why` ends with a command whose argument is the key's file. */
static int refuse_key(struct rog_error *err, const char *host, const char *file, const char *why)
{
    char *quoted = rog_ssh_quote_word(file);
    int code = quoted ? rog_fail(err, ROG_EFAILED, "%s: authentication failed: the key %s %s %s",
                                 host, file, why, quoted)
                      : rog_fail_nomem(err);
    free(quoted);
    return code;
}

/* Returns NULL if keys were offered, or there were none. */
static const char *why_none_was_offered(const struct login *login)
{
    const struct rog_ssh_settings *settings = &login->ssh->settings;
    if (rog_ssh_settings_say_no(settings->public_key))
        return "the ssh configuration has PubkeyAuthentication no";
    if (!may_use(settings, "publickey", NULL))
        return "PreferredAuthentications of the ssh configuration leaves out publickey";
    return login->takes_keys ? NULL : "the host accepts none";
}

static int fail_without_key(const struct login *login, struct rog_error *err)
{
    const char *name = login->ssh->name;
    char offered[400];
    const char *why = why_none_was_offered(login);
    if (why)
        return rog_fail(err, ROG_EFAILED,
                        "%s: authentication failed: no key was offered, as %s, and %s", name, why,
                        login->methods & (SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE)
                            ? "no password was given"
                            : "the host accepts no password");
    if (login->keys.open_to_others)
        return refuse_key(err, name, login->keys.open_to_others,
                          "was not used, as others may read it; change that with: chmod 600");
    char *advice = key_advice(login);
    list_offered(login, offered, sizeof offered);
    int code = rog_fail(err, ROG_EFAILED,
                        "%s: authentication failed: it accepts no key of the agent or of the ssh "
                        "configuration%s%s%s; %s",
                        name, offered, login->keys.no_agent ? "; " : "",
                        login->keys.no_agent ? login->keys.no_agent : "", advice ? advice : "");
    free(advice);
    return code;
}

static int refused(const struct login *login, struct rog_error *err)
{
    const char *name = login->ssh->name;
    if (login->accepted && !login->was_asked)
        return rog_fail(err, ROG_EFAILED,
                        "%s: authentication failed: it accepts %s, but requires more, and %s", name,
                        login->accepted,
                        login->methods & (SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE)
                            ? "no answer was given"
                            : "no key that it accepts was offered");
    if (login->was_asked)
        return rog_fail(err, ROG_EFAILED,
                        "%s: authentication failed: the password or answer was wrong", name);
    if (login->locked && login->was_wrong)
        return rog_fail(err, ROG_EFAILED,
                        "%s: authentication failed: that was not the passphrase of the key %s",
                        name, login->locked);
    if (login->locked)
        return refuse_key(
            err, name, login->locked,
            "has a passphrase, and none was given; add the key to the agent with: ssh-add");
    return fail_without_key(login, err);
}

static int broken(const struct login *login, struct rog_error *err)
{
    int code = rog_ssh_fail(login->ssh, err, "cannot log in");
    if (login->offered > 1 && strstr(err->message, "Too many")) {
        const struct rog_error why = *err;
        code = rog_fail(err, code,
                        "%s (%zu keys were offered). Name the right one for this host in the ssh "
                        "configuration, by IdentityFile and IdentitiesOnly yes",
                        why.message, login->offered);
    }
    return code;
}

/* ---- the whole login ---- */

int rog_ssh_log_in(struct rog_ssh *ssh, const struct rog_ssh_options *options,
                   struct rog_error *err)
{
    const struct rog_ssh_settings *settings = &ssh->settings;
    struct login login = {.ssh = ssh, .options = options};
    login.uses_keys = may_use(settings, "publickey", settings->public_key);
    rog_ssh_watch_begin(ssh->watch, ssh->timeout_s);
    int code = login.uses_keys ? rog_keys_find(&login.keys, settings, ssh->watch, err) : ROG_OK;
    int result = code ? SSH_AUTH_DENIED : ssh_userauth_none(ssh->session, NULL);
    if (!code && result == SSH_AUTH_DENIED)
        result = by_all(&login);
    if (!code && rog_ssh_watch_cut(ssh->watch)) {
        code = broken(&login, err);
    } else if (!code && (result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL)) {
        refused(&login, err);
        code = rog_ssh_fail_unsupported(ssh, err);
    } else if (!code && result != SSH_AUTH_SUCCESS) {
        code = broken(&login, err);
    }
    rog_ssh_watch_end(ssh->watch);
    explicit_bzero(login.answer, sizeof login.answer);
    rog_keys_release(&login.keys);
    free(login.locked);
    return code;
}
