/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in to a host: by a key, a password, or answers to its questions. */
#include <orchestrator/ssh/ssh_state.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <libssh/callbacks.h>

#include <common/file.h>

#define TRIES 3
#define MAX_PROMPTS 8
#define ANSWER_BYTES 512

/* Logging in to one host. */
struct login {
    struct rog_ssh *ssh;
    const struct rog_ssh_options *options;
    char answer[ANSWER_BYTES]; /* wiped at the end */
    char *locked;              /* a key file that nobody gave the passphrase of */
    bool was_wrong;            /* what they gave was not right */
    bool was_asked;            /* somebody has answered the host's questions */
};

static bool ask(struct login *login, const char *what, bool echo, unsigned *number)
{
    const struct rog_ssh_options *options = login->options;
    return options->ask &&
           options->ask(options->ask_user, what, echo, number, login->answer, sizeof login->answer);
}

/* ---- keys ---- */

static bool opens(const char *file, const char *passphrase)
{
    ssh_key key = NULL;
    bool good = ssh_pki_import_privkey_file(file, passphrase, NULL, NULL, &key) == SSH_OK;
    ssh_key_free(key);
    return good;
}

/* libssh has come to a key with a passphrase that is in no agent. */
static int open_key(const char *prompt, char *passphrase, size_t bytes, int echo, int verify,
                    void *user)
{
    struct login *login = user;
    char *file = NULL, *what = NULL;
    unsigned number = 0;
    size_t size = 0;
    bool good = false;
    (void)prompt; /* it does not say which key */
    (void)echo;
    (void)verify;
    if (ssh_userauth_publickey_auto_get_current_identity(login->ssh->session, &file) != SSH_OK)
        return -1;
    what = rog_format("Passphrase of the key %s", file);
    while (what && !good && ask(login, what, false, &number)) {
        size = strlen(login->answer) + 1;
        good = size <= bytes && opens(file, login->answer);
    }
    if (good) {
        memcpy(passphrase, login->answer, size);
    } else if (!login->locked) {
        login->locked = rog_strdup(file);
        login->was_wrong = number > 0;
    }
    explicit_bzero(login->answer, sizeof login->answer);
    free(what);
    ssh_string_free_char(file);
    return good ? 0 : -1;
}

static int by_key(struct login *login)
{
    ssh_session session = login->ssh->session;
    struct ssh_callbacks_struct callbacks = {.userdata = login, .auth_function = open_key};
    ssh_callbacks_init(&callbacks);
    ssh_set_callbacks(session, &callbacks);
    int result = ssh_userauth_publickey_auto(session, NULL, NULL);
    ssh_set_callbacks(session, NULL); /* they end with this function */
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

/* A question of the host, as one that a terminal may be shown. */
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

/* Answers what the host asks until it asks no more. False: somebody did not answer. */
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

/* *answered: nobody has refused to answer. */
static int by_questions(struct login *login, bool *answered)
{
    int result = SSH_AUTH_DENIED;
    unsigned number[MAX_PROMPTS] = {0};
    *answered = true;
    for (int i = 0; *answered && i < TRIES && result == SSH_AUTH_DENIED; i++)
        *answered = converse(login, number, &result);
    return *answered ? result : SSH_AUTH_DENIED;
}

/* ---- the whole ---- */

static int refused(const struct login *login, struct rog_error *err)
{
    const char *name = login->ssh->name;
    if (login->was_asked)
        return rog_fail(err, ROG_EFAILED,
                        "%s does not let us in: what was given is not what it asked for", name);
    if (login->locked && login->was_wrong)
        return rog_fail(err, ROG_EFAILED,
                        "%s does not let us in: what was given is not the passphrase of the key %s",
                        name, login->locked);
    if (login->locked)
        return rog_fail(err, ROG_EFAILED,
                        "%s does not let us in: the key %s has a passphrase, and there was nobody "
                        "at a terminal to ask for it; put the key into the agent with: ssh-add %s",
                        name, login->locked, login->locked);
    return rog_fail(err, ROG_EFAILED,
                    "%s does not let us in with any key of the agent or of the ssh configuration; "
                    "give it yours with: ssh-copy-id %s",
                    name, name);
}

int rog_ssh_log_in(struct rog_ssh *ssh, const struct rog_ssh_options *options,
                   struct rog_error *err)
{
    struct login login = {.ssh = ssh, .options = options};
    int result = by_key(&login);
    bool answered = true, more = result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL;
    int methods = more && options->ask ? ssh_userauth_list(ssh->session, NULL) : 0;
    if (methods & SSH_AUTH_METHOD_INTERACTIVE)
        result = by_questions(&login, &answered);
    if (result == SSH_AUTH_DENIED && answered && methods & SSH_AUTH_METHOD_PASSWORD)
        result = by_password(&login);
    int code = ROG_OK;
    if (result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL)
        code = refused(&login, err);
    else if (result != SSH_AUTH_SUCCESS)
        code = rog_ssh_fail(ssh, err, "cannot log in");
    explicit_bzero(login.answer, sizeof login.answer);
    free(login.locked);
    return code;
}
