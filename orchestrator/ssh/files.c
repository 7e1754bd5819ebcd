/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers files to and from a host over a connection. Each request has a time limit of its
 * own. */
#include <orchestrator/ssh/ssh_state.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/hash.h>

#define PIECE_BYTES 32768 /* of one request; SFTP servers accept no more */
/* A host whose average rate is lower is considered lost. */
#define SLOWEST_BPS 1000.0

static int begin_sftp(struct rog_ssh *ssh, struct rog_error *err)
{
    if (ssh->lost)
        return rog_fail(err, ROG_EFAILED, "%s: the connection was abandoned", ssh->name);
    rog_ssh_watch_begin(ssh->watch, ssh->timeout_s);
    if (ssh->sftp)
        return ROG_OK;
    ssh->sftp = sftp_new(ssh->session);
    if (!ssh->sftp || sftp_init(ssh->sftp) != SSH_OK) {
        int code = rog_ssh_fail(ssh, err, "cannot transfer files (SFTP)");
        if (strstr(err->message, "request subsystem failed"))
            code = rog_fail(err, ROG_EINVAL,
                            "%s: cannot transfer files: its sshd has no SFTP server. Add the line "
                            "\"Subsystem sftp internal-sftp\" to /etc/ssh/sshd_config there",
                            ssh->name);
        if (ssh->sftp)
            sftp_free(ssh->sftp);
        ssh->sftp = NULL;
        rog_ssh_watch_end(ssh->watch);
        return code;
    }
    return ROG_OK;
}

/* Reports the cause of a failed SFTP call. */
static int sftp_failed(struct rog_ssh *ssh, const char *verb, const char *path,
                       struct rog_error *err)
{
    static const struct {
        int status, code;
        const char *words;
    } causes[] = {
        {SSH_FX_NO_SUCH_FILE, ROG_ENOTFOUND, "no such file"},
        {SSH_FX_NO_SUCH_PATH, ROG_ENOTFOUND, "no such folder"},
        {SSH_FX_PERMISSION_DENIED, ROG_EIO, "permission denied"},
        {SSH_FX_FAILURE, ROG_EIO, "the host refused (is its disk full?)"},
    };
    /* Without a connection the status is that of an earlier request. */
    ssh->lost = ssh->lost || !ssh_is_connected(ssh->session);
    int status = ssh->lost ? SSH_FX_OK : sftp_get_error(ssh->sftp);
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (causes[i].status == status)
            return rog_fail(err, causes[i].code, "%s: cannot %s %s: %s", ssh->name, verb, path,
                            causes[i].words);
    return rog_ssh_fail(ssh, err, "the connection was lost during a transfer");
}

static int send_content(struct rog_ssh *ssh, FILE *file, const char *local, const char *temporary,
                        double until_s, struct rog_error *err)
{
    char piece[PIECE_BYTES];
    int code = begin_sftp(ssh, err);
    if (code)
        return code;
    sftp_file there = sftp_open(ssh->sftp, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!there)
        return sftp_failed(ssh, "create", temporary, err);
    for (;;) {
        size_t size = fread(piece, 1, sizeof piece, file);
        if (!size) {
            if (ferror(file))
                code = rog_fail(err, ROG_EIO, "cannot read %s: %s", local, strerror(errno));
            break;
        }
        rog_ssh_watch_begin(ssh->watch, ssh->timeout_s);
        if (sftp_write(there, piece, size) != (ssize_t)size) {
            code = sftp_failed(ssh, "write", temporary, err);
            break;
        }
        if (rog_clock_s() > until_s) {
            code = rog_fail(err, ROG_EFAILED, "%s: sending %s timed out", ssh->name, local);
            break;
        }
    }
    if (ssh->lost)
        return code; /* the handle is freed with the session */
    if (sftp_close(there) != SSH_OK && !code)
        code = sftp_failed(ssh, "write", temporary, err);
    return code;
}

/* Checks the content on the host and renames the file. */
static int put_in_place(struct rog_ssh *ssh, const char *temporary, const char *remote,
                        const char *hash, unsigned mode, double timeout_s, struct rog_error *err)
{
    static const char script[] =
        "sum=$(sha256sum <\"$1\") || exit 1; "
        "[ \"${sum%% *}\" = \"$3\" ] || { echo \"arrived damaged\" >&2; exit 1; }; "
        "[ ! -d \"$2\" ] || { echo \"a folder is in the way\" >&2; exit 1; }; "
        "chmod \"$4\" \"$1\" && mv -f \"$1\" \"$2\"";
    char octal[16];
    snprintf(octal, sizeof octal, "%o", mode & 07777);
    const char *const argv[] = {"sh", "-c", script, "sh", temporary, remote, hash, octal, NULL};
    return rog_connection_command(&ssh->connection, argv, timeout_s, NULL, err);
}

int rog_ssh_upload(struct rog_connection *connection, const char *local, const char *remote,
                   unsigned mode, double timeout_s, struct rog_error *err)
{
    struct rog_ssh *ssh = rog_ssh_of(connection);
    char hash[ROG_SHA256_HEX_BYTES];
    double until_s = rog_clock_s() + timeout_s;
    char *dir = rog_path_dir(remote);
    char *temporary =
        rog_format("%s.part-%ld-%lld", remote, (long)getpid(), (long long)(rog_clock_s() * 1e9));
    FILE *file = fopen(local, "rbe");
    bool begun = false;
    int code = ROG_OK;
    if (!file)
        code = rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot open %s: %s", local,
                        strerror(errno));
    else if (!dir || !temporary)
        code = rog_fail_nomem(err);
    if (!code)
        code = rog_sha256_file(local, hash, err);
    if (!code)
        code = rog_connection_command(&ssh->connection,
                                      (const char *const[]){"mkdir", "-p", "--", dir, NULL},
                                      timeout_s, NULL, err);
    if (!code) {
        begun = true;
        code = send_content(ssh, file, local, temporary, until_s, err);
        rog_ssh_watch_end(ssh->watch);
    }
    if (!code)
        code = put_in_place(ssh, temporary, remote, hash, mode, timeout_s, err);
    if (code && begun && !ssh->lost && begin_sftp(ssh, NULL) == ROG_OK) {
        sftp_unlink(ssh->sftp, temporary);
        rog_ssh_watch_end(ssh->watch);
    }
    if (code)
        rog_fail_prefix(err, "cannot copy %s to %s:%s", local, ssh->name, remote);
    if (file)
        fclose(file);
    free(temporary);
    free(dir);
    return code;
}

int rog_ssh_size(struct rog_connection *connection, const char *remote, uint64_t *bytes,
                 struct rog_error *err)
{
    struct rog_ssh *ssh = rog_ssh_of(connection);
    int code = begin_sftp(ssh, err);
    if (code)
        return code;
    sftp_attributes attributes = sftp_stat(ssh->sftp, remote);
    if (attributes)
        *bytes = attributes->size;
    else
        code = sftp_failed(ssh, "look at", remote, err);
    sftp_attributes_free(attributes);
    rog_ssh_watch_end(ssh->watch);
    return code;
}

/* Only regular files can be read: a pipe may block forever, and a device may have no end. */
static int check_regular(struct rog_ssh *ssh, const char *remote, struct rog_error *err)
{
    sftp_attributes attributes = sftp_stat(ssh->sftp, remote);
    if (!attributes)
        return sftp_failed(ssh, "open", remote, err);
    bool is_regular = attributes->type == SSH_FILEXFER_TYPE_REGULAR;
    sftp_attributes_free(attributes);
    return is_regular
               ? ROG_OK
               : rog_fail(err, ROG_EFORMAT, "%s: %s is not a regular file", ssh->name, remote);
}

/* Reads the file. This may take any time while data arrives. */
static int read_on(struct rog_ssh *ssh, sftp_file there, const char *remote, rog_take_data take,
                   void *user, uint64_t *end, struct rog_error *err)
{
    char piece[PIECE_BYTES];
    double began_s = rog_clock_s(), taken_bytes = 0;
    for (;;) {
        double until_s = began_s + ssh->timeout_s + taken_bytes / SLOWEST_BPS;
        rog_ssh_watch_begin(ssh->watch, fmin(ssh->timeout_s, until_s - rog_clock_s()));
        ssize_t got = sftp_read(there, piece, sizeof piece);
        if (got == 0)
            return ROG_OK;
        int code =
            got < 0 ? sftp_failed(ssh, "read", remote, err) : take(piece, (size_t)got, user, err);
        if (code)
            return code;
        taken_bytes += (double)got;
        if (end)
            *end += (uint64_t)got;
    }
}

static int download(struct rog_ssh *ssh, const char *remote, uint64_t offset, rog_take_data take,
                    void *user, uint64_t *end, struct rog_error *err)
{
    int code = check_regular(ssh, remote, err);
    if (code)
        return code;
    sftp_file there = sftp_open(ssh->sftp, remote, O_RDONLY, 0);
    if (!there)
        return sftp_failed(ssh, "open", remote, err);
    if (sftp_seek64(there, offset) < 0)
        code = sftp_failed(ssh, "read", remote, err);
    if (!code)
        code = read_on(ssh, there, remote, take, user, end, err);
    rog_ssh_watch_begin(ssh->watch, ssh->timeout_s);
    if (!ssh->lost)
        sftp_close(there);
    return code;
}

int rog_ssh_download(struct rog_connection *connection, const char *remote, uint64_t offset,
                     rog_take_data take, void *user, uint64_t *end, struct rog_error *err)
{
    struct rog_ssh *ssh = rog_ssh_of(connection);
    if (end)
        *end = offset;
    int code = begin_sftp(ssh, err);
    if (code)
        return code;
    code = download(ssh, remote, offset, take, user, end, err);
    rog_ssh_watch_end(ssh->watch);
    return code;
}
