/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_SSH_H
#define ROG_FLEET_SSH_H

/*
 * A connection to a host by SSH (libssh behind it; its types stay in ssh*.c).
 *
 * Honoured of ~/.ssh/config and /etc/ssh/ssh_config, or of the file given: HostName, User, Port,
 * IdentityFile, UserKnownHostsFile, GlobalKnownHostsFile, ProxyCommand, ProxyJump (which runs the
 * ssh client of package openssh-client for the hop), ConnectTimeout and the algorithm lists. What
 * libssh does not know (ControlMaster, HostKeyAlias, ...) has no effect. A host whose key is not in
 * known_hosts, or is another one there, is refused whatever StrictHostKeyChecking says; the error
 * has the line that accepts it. Logging in is by agent and keys, then by what the host asks for
 * (keyboard-interactive) and by password; passphrases, answers and passwords are asked for through
 * `ask` or not at all, and are forgotten after use.
 *
 * Threads: any number of connections at once, each used by one thread at a time. All calls block,
 * no longer than their timeouts. The caller ignores SIGPIPE.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_SSH_OUTPUT_MAX_BYTES ((size_t)16 << 20)

struct rog_ssh;

struct rog_ssh_options {
    const char *host;   /* as written in the cluster file: a name, an address, or a Host of the
                           configuration */
    const char *user;   /* NULL: the configuration's, or who runs this program */
    unsigned port;      /* 0: the configuration's, or 22 */
    const char *config; /* NULL: ~/.ssh/config and /etc/ssh/ssh_config */
    double timeout_s;   /* to connect and log in, and for a peer that has fallen silent */
    /* Asks a person for `what` ("Passphrase of the key FILE"; ssh/credentials.h). *number is that
     * of the answer that was not right, 0 before the first, and becomes that of the new one. False:
     * there is none. NULL: nobody is asked. */
    bool (*ask)(void *user, const char *what, bool echo, unsigned *number, char *answer,
                size_t bytes);
    void *ask_user;
};

/* Errors: ROG_EINVAL bad options, an unknown or changed host key; ROG_EFAILED the host cannot be
 * reached or does not let us in; ROG_EIO; ROG_ENOMEM. */
int rog_ssh_connect(struct rog_ssh **ssh, const struct rog_ssh_options *options,
                    struct rog_error *err);
void rog_ssh_free(struct rog_ssh *ssh);
/* Breaks the connection, so that a call that waits for the host ends with an error. The one thing
 * that another thread may do with it. */
void rog_ssh_interrupt(const struct rog_ssh *ssh);
/* Whether the connection is gone, as a reason for an error: another has to be made. */
bool rog_ssh_lost(const struct rog_ssh *ssh);
/* "user@host" as connected, for messages. */
const char *rog_ssh_name(const struct rog_ssh *ssh);

/* A command line for the host's shell: each argument in quotes, whatever is in it. Heap memory. */
char *rog_ssh_quote(const char *const *argv);

struct rog_ssh_result {
    int status;            /* exit status; 128 and more: ended by a signal */
    char *output, *errors; /* NUL after the last byte */
    size_t output_bytes, errors_bytes;
};

/* Runs a command with empty input and waits for it. That it ends with a status other than 0 is no
 * error here. ROG_EFAILED when it takes longer than timeout_s (the connection is given up then, as
 * the command may still be running) or the connection is lost; ROG_EFORMAT when it writes more than
 * ROG_SSH_OUTPUT_MAX_BYTES. The result is released in any case. */
int rog_ssh_run(struct rog_ssh *ssh, const char *const *argv, double timeout_s,
                struct rog_ssh_result *result, struct rog_error *err);
void rog_ssh_result_release(struct rog_ssh_result *result);

/* The input of a command, piece by piece. `give` sets *size to 0 at the end; *data has to stay as
 * it is until the next call. What it returns, if negative, ends the command and is returned. */
struct rog_ssh_input {
    int (*give)(void *user, const void **data, size_t *size, struct rog_error *err);
    void *user;
};

/* rog_ssh_run for a command with input. `patience_s` is not how long it may take, but how long
 * nothing may move: no input taken, no output, no end. A command that ends before it has read all
 * of its input is no error. */
int rog_ssh_feed(struct rog_ssh *ssh, const char *const *argv, const struct rog_ssh_input *input,
                 double patience_s, struct rog_ssh_result *result, struct rog_error *err);

/* ROG_EFAILED when the command `what` ended with a status other than 0; the message has the last of
 * what it said on standard error. */
int rog_ssh_succeeded(const struct rog_ssh *ssh, const char *what,
                      const struct rog_ssh_result *result, struct rog_error *err);
/* rog_ssh_run where only success will do: ROG_EFAILED with what the command said on standard error.
 * *output may be NULL. */
int rog_ssh_command(struct rog_ssh *ssh, const char *const *argv, double timeout_s, char **output,
                    struct rog_error *err);

/* Starts a program that outlives the connection: a session of its own, empty input, what it writes
 * appended to the file `log` there. *pid is its process (and group) number. ROG_EFAILED when there
 * is no such program or the log cannot be written. */
int rog_ssh_start(struct rog_ssh *ssh, const char *const *argv, const char *log, long *pid,
                  struct rog_error *err);

/* Copies a file to the host: there whole, with that mode and the right content (SHA-256, computed
 * on the host), or not at all. Missing folders are made. */
int rog_ssh_upload(struct rog_ssh *ssh, const char *local, const char *remote, unsigned mode,
                   double timeout_s, struct rog_error *err);

/* The size of a file. ROG_ENOTFOUND: no such file. */
int rog_ssh_size(struct rog_ssh *ssh, const char *remote, uint64_t *bytes, struct rog_error *err);

/* Reads a file from byte `offset` to its end. `take` gets the pieces in order; what it returns, if
 * negative, ends the download and is returned. *end (may be NULL) is the offset behind the last
 * byte taken. ROG_ENOTFOUND: no such file. */
int rog_ssh_download(struct rog_ssh *ssh, const char *remote, uint64_t offset,
                     int (*take)(const void *data, size_t size, void *user, struct rog_error *err),
                     void *user, uint64_t *end, struct rog_error *err);

#endif
