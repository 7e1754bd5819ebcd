/* SPDX-License-Identifier: Apache-2.0 */
/* Creates the lab's keys and the configurations that refer to them. */
#include <orchestrator/lab/keys.h>

#include <errno.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/lab/paths.h>

#define KEYGEN_TIMEOUT_S 60
#define KEY_MAX_BYTES 4096

int rog_lab_user(char *name, size_t bytes, struct rog_error *err)
{
    const struct passwd *user = getpwuid(geteuid());
    if (!user || strlen(user->pw_name) >= bytes)
        return rog_fail(err, ROG_EFAILED, "user %ld of this machine has no name", (long)geteuid());
    snprintf(name, bytes, "%s", user->pw_name);
    return ROG_OK;
}

static int make_key(const char *path, const char *comment, struct rog_error *err)
{
    const char *const argv[] = {"ssh-keygen", "-q",    "-t", "ed25519", "-N", "",
                                "-C",         comment, "-f", path,      NULL};
    int code = rog_process_run(argv, KEYGEN_TIMEOUT_S, NULL, err);
    if (code == ROG_ENOTFOUND)
        rog_fail_prefix(err, "install the package openssh-client");
    return code;
}

/* Writes a text and frees it. NULL means that memory ran out. */
static int put(const char *path, char *text, struct rog_error *err)
{
    int code = text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(text);
    return code;
}

/* Reads the public key without its comment: "ssh-ed25519 AAAA...". */
static int read_public(const char *path, char **key, struct rog_error *err)
{
    size_t size;
    int code = rog_file_read(path, KEY_MAX_BYTES, key, &size, err);
    if (code)
        return code;
    char *blank = strchr(*key, ' ');
    blank = blank ? strpbrk(blank + 1, " \n") : NULL;
    if (!blank) {
        free(*key);
        *key = NULL;
        return rog_fail(err, ROG_EFORMAT, "%s is not a public key", path);
    }
    *blank = '\0';
    return ROG_OK;
}

int rog_lab_make_user_key(struct rog_error *err)
{
    char *key = NULL;
    if (mkdir(ROG_LAB_DIR, 0700) != 0 && errno != EEXIST)
        return rog_fail(err, ROG_EIO, "cannot create the folder %s: %s", ROG_LAB_DIR,
                        strerror(errno));
    int code = make_key(ROG_LAB_DIR "/id_ed25519", "rogctl lab", err);
    if (!code)
        code = read_public(ROG_LAB_DIR "/id_ed25519.pub", &key, err);
    if (!code)
        code = put(ROG_LAB_DIR "/authorized_keys", rog_format("%s rogctl lab\n", key), err);
    free(key);
    return code;
}

/* sshd without PAM rejects accounts with a locked password, as root's often is. */
static bool password_is_locked(const char *user)
{
    const struct spwd *shadow = getspnam(user);
    return shadow && shadow->sp_pwdp && shadow->sp_pwdp[0] == '!';
}

int rog_lab_make_host(unsigned number, const char *address, struct rog_error *err)
{
    char user[64];
    int code = rog_lab_user(user, sizeof user, err);
    char *dir = rog_format("%s/host%u", ROG_LAB_DIR, number);
    char *key = rog_format("%s/host%u/key", ROG_LAB_DIR, number);
    char *config = rog_format("%s/host%u/sshd_config", ROG_LAB_DIR, number);
    char *cache = rog_format("%s/host%u", ROG_LAB_CACHE_DIR, number);
    if (!code && (!dir || !key || !config || !cache))
        code = rog_fail_nomem(err);
    if (!code)
        code = rog_dir_make(dir, err);
    if (!code)
        code = rog_dir_make(cache, err);
    if (!code && chmod(cache, 0700) != 0)
        code = rog_fail(err, ROG_EIO, "cannot create the folder %s: %s", cache, strerror(errno));
    /* The host gets its own home folder, without the start-up files of this machine's user. */
    if (!code)
        code = make_key(key, "rogctl lab host", err);
    if (!code)
        code = put(config,
                   rog_format("# Host %u of the lab\n"
                              "ListenAddress %s:22\n"
                              "HostKey %s\n"
                              "PidFile %s/sshd.pid\n"
                              "AuthorizedKeysFile %s/authorized_keys\n"
                              "AllowUsers %s\n"
                              "AuthenticationMethods publickey\n"
                              "PermitRootLogin prohibit-password\n"
                              "PasswordAuthentication no\n"
                              "KbdInteractiveAuthentication no\n"
                              "UsePAM %s\n"
                              "UseDNS no\n"
                              "PrintMotd no\n"
                              "PrintLastLog no\n"
                              "X11Forwarding no\n"
                              "AllowAgentForwarding no\n"
                              "MaxStartups 100\n"
                              "MaxSessions 100\n"
                              "SetEnv HOME=%s XDG_CACHE_HOME=%s\n"
                              "Subsystem sftp internal-sftp\n",
                              number, address, key, dir, ROG_LAB_DIR, user,
                              password_is_locked(user) ? "yes" : "no", cache, cache),
                   err);
    free(cache);
    free(config);
    free(key);
    free(dir);
    return code;
}

/* Writes a line of known_hosts. */
static int print_known_host(FILE *file, unsigned number, const char *prefix, struct rog_error *err)
{
    char *key = NULL, *path = rog_format("%s/host%u/key.pub", ROG_LAB_DIR, number);
    int code = path ? read_public(path, &key, err) : rog_fail_nomem(err);
    if (!code)
        fprintf(file, "%s%u %s\n", prefix, number + 1, key);
    free(key);
    free(path);
    return code;
}

int rog_lab_make_client(unsigned count, const char *prefix, struct rog_error *err)
{
    char user[64];
    struct rog_file_writer writer = {0};
    int code = rog_lab_user(user, sizeof user, err);
    if (!code)
        code = rog_file_writer_open(&writer, ROG_LAB_DIR "/known_hosts", err);
    for (unsigned k = 0; !code && k < count; k++)
        code = print_known_host(writer.file, k, prefix, err);
    if (!code)
        code = rog_file_writer_commit(&writer, err);
    else
        rog_file_writer_discard(&writer);
    if (!code)
        code = rog_file_writer_open(&writer, ROG_LAB_SSH_CONFIG, err);
    if (code)
        return code;
    for (unsigned k = 0; k < count; k++)
        fprintf(writer.file, "Host roglab%u\n    HostName %s%u\n", k, prefix, k + 1);
    fprintf(writer.file,
            "Host roglab* %s*\n"
            "    User %s\n"
            "    IdentityFile %s/id_ed25519\n"
            "    IdentitiesOnly yes\n"
            "    UserKnownHostsFile %s/known_hosts\n"
            "    GlobalKnownHostsFile /dev/null\n"
            "    StrictHostKeyChecking yes\n",
            prefix, user, ROG_LAB_DIR, ROG_LAB_DIR);
    return rog_file_writer_commit(&writer, err);
}

int rog_lab_make_cluster(unsigned count, const char *prefix, struct rog_error *err)
{
    char user[64];
    struct rog_file_writer writer = {0};
    int code = rog_lab_user(user, sizeof user, err);
    if (!code)
        code = rog_file_writer_open(&writer, ROG_LAB_CLUSTER, err);
    if (code)
        return code;
    fprintf(writer.file,
            "# The lab of this machine, made by `rogctl lab up`.\n"
            "kind = \"ssh\";\n"
            "ssh_config = \"%s\";\n"
            "server = { host = \"%s1\"; user = \"%s\"; iface = \"eth0\"; };\n"
            "workers = (",
            ROG_LAB_SSH_CONFIG, prefix, user);
    for (unsigned k = 1; k < count; k++)
        fprintf(writer.file, "%s\n    { host = \"%s%u\"; user = \"%s\"; iface = \"eth0\"; }",
                k > 1 ? "," : "", prefix, k + 1, user);
    fprintf(writer.file, "\n);\n");
    return rog_file_writer_commit(&writer, err);
}
