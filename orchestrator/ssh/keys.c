/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which keys are offered, and in which order. */
#include <orchestrator/ssh/keys.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/ssh/base64.h>

static void release(struct rog_key *key)
{
    ssh_key_free(key->public);
    ssh_string_free_char(key->base64);
    free(key->file);
    free(key->shown.blob);
    free(key->plain);
    free(key->name);
    *key = (struct rog_key){0};
}

/* Returns the size of the string at the beginning of wire data, including its length field; 0 if
 * there is none. */
static size_t string_bytes(const unsigned char *at, size_t left)
{
    size_t bytes =
        left < 4 ? 0 : (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    return left < 4 || bytes > left - 4 ? 0 : bytes + 4;
}

/* Returns the key of a certificate (PROTOCOL.certkeys of OpenSSH: a type, a nonce, and the numbers
 * as in the key itself) in base64, as in its own file; NULL if its type is not known. */
static char *certified_key(const char *base64)
{
    static const struct {
        const char *type;
        size_t strings;
    } kinds[] = {{"ssh-ed25519", 1},           {"ssh-rsa", 2},
                 {"ecdsa-sha2-nistp256", 2},   {"ecdsa-sha2-nistp384", 2},
                 {"ecdsa-sha2-nistp521", 2},   {"sk-ssh-ed25519", 2},
                 {"sk-ecdsa-sha2-nistp256", 3}};
    static const char mark[] = "-cert-v01@openssh.com", vendor[] = "@openssh.com";
    size_t room = strlen(base64), used = 4, strings = 0;
    unsigned char *blob = malloc(room + 1), *plain = malloc(room + sizeof vendor);
    char *text = NULL;
    size_t size = blob && plain ? rog_base64_decode(base64, room, blob, room) : 0;
    size_t at = size ? string_bytes(blob, size) : 0;
    for (size_t i = 0; at && i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i].type);
        if (at == 4 + length + sizeof mark - 1 && memcmp(blob + 4, kinds[i].type, length) == 0 &&
            memcmp(blob + 4 + length, mark, sizeof mark - 1) == 0) {
            strings = kinds[i].strings;
            memcpy(plain + used, kinds[i].type, length);
            used += length;
            if (strncmp(kinds[i].type, "sk-", 3) == 0) {
                memcpy(plain + used, vendor, sizeof vendor - 1);
                used += sizeof vendor - 1;
            }
            memcpy(plain, (unsigned char[4]){0, 0, 0, (unsigned char)(used - 4)}, 4);
        }
    }
    at += strings ? string_bytes(blob + at, size - at) : 0; /* the nonce */
    for (; strings; strings--) {
        size_t bytes = string_bytes(blob + at, size - at);
        if (!bytes)
            break;
        memcpy(plain + used, blob + at, bytes);
        used += bytes;
        at += bytes;
        if (strings == 1)
            text = rog_base64_encode(plain, used);
    }
    free(plain);
    free(blob);
    return text;
}

/* Appends the key. Takes ownership of it, even on an error. */
static int add(struct rog_keys *keys, struct rog_key *key, struct rog_error *err)
{
    struct rog_key *more = realloc(keys->key, (keys->count + 1) * sizeof *more);
    if (more)
        keys->key = more;
    bool good = more && key->name &&
                (!key->public || key->base64 ||
                 ssh_pki_export_pubkey_base64(key->public, &key->base64) == SSH_OK);
    if (!good) {
        release(key);
        return rog_fail_nomem(err);
    }
    if (key->is_certificate && !key->plain)
        key->plain = certified_key(key->base64);
    keys->key[keys->count++] = *key;
    *key = (struct rog_key){0};
    return ROG_OK;
}

/* ---- files ---- */

/* ssh rejects a private key that others can read. */
static bool is_readable_by_others(const char *file)
{
    struct stat stat_of;
    return stat(file, &stat_of) == 0 && stat_of.st_uid == getuid() && (stat_of.st_mode & 077) != 0;
}

/* Returns the public key of a file: from the file itself if possible, else from FILE.pub. */
static ssh_key public_of(const char *file)
{
    ssh_key key = NULL, private = NULL;
    char *beside = rog_format("%s.pub", file);
    if (ssh_pki_import_pubkey_file(file, &key) != SSH_OK &&
        (!beside || ssh_pki_import_pubkey_file(beside, &key) != SSH_OK) &&
        ssh_pki_import_privkey_file(file, "", NULL, NULL, &private) == SSH_OK)
        ssh_pki_export_privkey_to_pubkey(private, &key);
    ssh_key_free(private);
    free(beside);
    return key;
}

/* Finds the key that a certificate is for. */
static const struct rog_key *signer_of(const struct rog_keys *among, const struct rog_key *key)
{
    for (size_t i = 0; i < among->count; i++)
        if (!among->key[i].is_certificate && among->key[i].base64 && key->plain &&
            strcmp(among->key[i].base64, key->plain) == 0)
            return &among->key[i];
    return NULL;
}

static int add_certificate(struct rog_keys *to, const char *file, const char *private,
                           struct rog_error *err)
{
    struct rog_key key = {.is_certificate = true};
    if (ssh_pki_import_cert_file(file, &key.public) != SSH_OK)
        return ROG_OK;
    key.name = rog_strdup(file);
    key.file = rog_strdup(private);
    return add(to, &key, err);
}

/* Reads the keys of the configuration, each followed by its certificate. */
static int read_files(struct rog_keys *files, struct rog_keys *keys,
                      const struct rog_ssh_settings *settings, struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; !code && i < settings->identities.count; i++) {
        const char *file = settings->identities.name[i];
        struct rog_key key = {.public = public_of(file)};
        bool usable = rog_file_exists(file);
        if (usable && is_readable_by_others(file)) {
            ssh_key private = NULL;
            /* a public key may be readable */
            if (ssh_pki_import_pubkey_file(file, &private) != SSH_OK || !strstr(file, ".pub")) {
                usable = false;
                if (!keys->open_to_others)
                    keys->open_to_others = rog_strdup(file);
            }
            ssh_key_free(private);
        }
        key.file = usable ? rog_strdup(file) : NULL;
        key.name = rog_strdup(file);
        if (key.public || usable)
            code = add(files, &key, err);
        else
            release(&key);
        char *beside =
            code || settings->certificates.count ? NULL : rog_format("%s-cert.pub", file);
        if (beside && rog_file_exists(beside))
            code = add_certificate(files, beside, usable ? file : NULL, err);
        free(beside);
    }
    return code;
}

/* ---- the agent ---- */

/* Converts an agent's key for libssh; returns false if libssh cannot read it. */
static bool read_agent_key(const struct rog_agent_key *from, struct rog_key *key)
{
    char type[64] = "", *base64 = rog_base64_encode(from->blob, from->bytes);
    size_t length = from->bytes > 4 ? from->blob[3] : 0;
    if (from->bytes > 4 + length && length < sizeof type)
        memcpy(type, from->blob + 4, length);
    enum ssh_keytypes_e kind = ssh_key_type_from_name(type);
    key->is_certificate = strstr(type, "-cert-") != NULL;
    bool good =
        base64 &&
        (key->is_certificate ? ssh_pki_import_cert_base64(base64, kind, &key->public)
                             : ssh_pki_import_pubkey_base64(base64, kind, &key->public)) == SSH_OK;
    free(base64);
    return good;
}

static int read_agent(struct rog_keys *loaded, const struct rog_agent *agent, struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; !code && i < rog_agent_count(agent); i++) {
        const struct rog_agent_key *from = rog_agent_key(agent, i);
        struct rog_key key = {.in_agent = true, .index = i};
        if (!read_agent_key(from, &key))
            continue;
        key.name = rog_format("%s in the agent", from->comment[0] ? from->comment : "a key");
        code = add(loaded, &key, err);
    }
    return code;
}

/* ---- the order ---- */

/* Finds the key that signs for a certificate: in the agent, or its file. Sets *found to false if
 * there is none. */
static int find_signer(struct rog_key *key, const struct rog_keys *files,
                       const struct rog_keys *loaded, bool *found, struct rog_error *err)
{
    const struct rog_key *signer = signer_of(loaded, key);
    *found = true;
    if (signer) {
        size_t room = strlen(key->base64);
        key->in_agent = true;
        key->index = signer->index;
        key->shown.comment = key->name;
        key->shown.blob = malloc(room + 1);
        if (!key->shown.blob)
            return rog_fail_nomem(err);
        key->shown.bytes = rog_base64_decode(key->base64, room, key->shown.blob, room);
        return ROG_OK;
    }
    signer = key->file ? NULL : signer_of(files, key);
    if (signer && signer->file) {
        key->file = rog_strdup(signer->file);
        if (!key->file)
            return rog_fail_nomem(err);
    }
    *found = key->file != NULL;
    return ROG_OK;
}

static int add_certificates(struct rog_keys *keys, const struct rog_ssh_settings *settings,
                            const struct rog_keys *files, const struct rog_keys *loaded,
                            struct rog_error *err)
{
    struct rog_keys named = {0};
    int code = ROG_OK;
    for (size_t i = 0; !code && i < settings->certificates.count; i++)
        code = add_certificate(&named, settings->certificates.name[i], NULL, err);
    for (size_t i = 0; !code && i < named.count; i++) {
        bool found;
        code = find_signer(&named.key[i], files, loaded, &found, err);
        if (!code && found)
            code = add(keys, &named.key[i], err);
    }
    rog_keys_release(&named);
    return code;
}

static struct rog_key *same_key(struct rog_keys *among, const struct rog_key *key)
{
    for (size_t i = 0; i < among->count; i++)
        if (among->key[i].base64 && strcmp(among->key[i].base64, key->base64) == 0)
            return &among->key[i];
    return NULL;
}

/* Adds keys of the agent: with `named` those that the configuration names, otherwise the others. */
static int add_loaded(struct rog_keys *keys, struct rog_keys *files, struct rog_keys *loaded,
                      bool named, struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; !code && i < loaded->count; i++) {
        struct rog_key *key = &loaded->key[i], *file = key->base64 ? same_key(files, key) : NULL;
        if (!key->base64 || (file != NULL) != named)
            continue;
        if (file)
            release(file);
        code = add(keys, key, err);
    }
    return code;
}

static int add_files(struct rog_keys *keys, struct rog_keys *files, const struct rog_keys *loaded,
                     struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; !code && i < files->count; i++) {
        struct rog_key *key = &files->key[i];
        bool found = key->file != NULL;
        if (key->is_certificate)
            code = find_signer(key, files, loaded, &found, err);
        if (!code && found)
            code = add(keys, key, err);
    }
    return code;
}

int rog_keys_find(struct rog_keys *keys, const struct rog_ssh_settings *settings,
                  struct rog_ssh_watch *watch, struct rog_error *err)
{
    struct rog_keys files = {0}, loaded = {0};
    bool others = !settings->identities_only || rog_ssh_settings_say_no(settings->identities_only);
    *keys = (struct rog_keys){0};
    int code = ROG_OK;
    if (settings->identity_agent)
        code = rog_agent_open(&keys->agent, settings->identity_agent, watch, err);
    if (code == ROG_ENOTFOUND) { /* the other keys can still be tried */
        keys->no_agent = rog_strdup(err ? err->message : "");
        code = ROG_OK;
    }
    code = code ? code : read_agent(&loaded, keys->agent, err);
    code = code ? code : read_files(&files, keys, settings, err);
    code = code ? code : add_certificates(keys, settings, &files, &loaded, err);
    struct rog_keys plain = {0}; /* keys that sign, while the lists are being emptied */
    code = code ? code : read_agent(&plain, keys->agent, err);
    code = code ? code : add_loaded(keys, &files, &loaded, true, err);
    code = code || !others ? code : add_loaded(keys, &files, &loaded, false, err);
    code = code ? code : add_files(keys, &files, &plain, err);
    rog_keys_release(&plain);
    rog_keys_release(&files);
    rog_keys_release(&loaded);
    return code;
}

void rog_keys_release(struct rog_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        release(&keys->key[i]);
    free(keys->key);
    free(keys->open_to_others);
    free(keys->no_agent);
    rog_agent_free(keys->agent);
    *keys = (struct rog_keys){0};
}
