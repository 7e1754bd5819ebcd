/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOSTS_CONNECTION_H
#define ROG_HOSTS_CONNECTION_H

/*
 * A connection to a host, as used by deployment, runs on hosts and `rogctl doctor`. A way to reach
 * hosts (SSH in ssh/ssh.h) provides a table of operations; a kind of cluster with hosts defines how
 * they are reached (`connect` in conf/cluster_kind.h).
 *
 * Threads: any number of connections at once, each used by one thread at a time. All calls block,
 * but not longer than their timeouts; a call without one is limited by the connection's timeout for
 * a silent host. `stopped` of the options ends them at once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

/* Part of the error message if a host's name does not resolve. */
#define ROG_CONNECTION_NO_SUCH_HOST "is not a host known to this machine"
#define ROG_CONNECTION_OUTPUT_MAX_BYTES ((size_t)16 << 20) /* of a command */

struct rog_connection {
    const struct rog_connection_ops *ops;
    const char *name;            /* "user@host" or the like, for messages */
    const char *address;         /* the address that `host` of the options is an alias for in the
                                  * user's configuration; NULL: itself */
    bool (*stopped)(void *user); /* of the options used to make it; NULL: never */
    void *stopped_user;
};

struct rog_connect_options {
    const char *host;                     /* as in the cluster file */
    const struct rog_json *host_settings; /* this host's in the cluster file */
    const struct rog_json *kind_settings; /* of the kind's own in the cluster file */
    double timeout_s;                     /* to connect, and for a peer that is silent */
    /* Asks the user for `what` ("Passphrase of the key FILE"; ssh/credentials.h). *number is that
     * of the wrong answer, 0 before the first, and is set to that of the new one. Returns false if
     * there is no answer. NULL: never ask. */
    bool (*ask)(void *user, const char *what, bool echo, unsigned *number, char *answer,
                size_t bytes);
    void *ask_user;
    /* Called several times a second, by another thread, while a call waits or connects. If it
     * returns true, the call ends with ROG_EINTR, and the connection is lost. NULL: never. */
    bool (*stopped)(void *user);
    void *stopped_user;
};

struct rog_command_result {
    int status;            /* exit status; 128 and above: ended by a signal */
    char *output, *errors; /* NUL after the last byte */
    size_t output_bytes, errors_bytes;
};

/* The input of a command, piece by piece. `give` sets *size to 0 at the end; *data must stay valid
 * until the next call. A negative return value ends the command and is returned. */
struct rog_command_input {
    int (*give)(void *user, const void **data, size_t *size, struct rog_error *err);
    void *user;
};

/* Receives the contents of a file, in order; a negative return value ends the reading and is
 * returned. */
typedef int (*rog_take_data)(const void *data, size_t size, void *user, struct rog_error *err);

/* All required. */
struct rog_connection_ops {
    void (*free)(struct rog_connection *connection);
    bool (*lost)(const struct rog_connection *connection);
    /* input NULL: empty, and limit_s limits the duration of the command; otherwise the time without
     * any progress. */
    int (*run)(struct rog_connection *connection, const char *const *argv,
               const struct rog_command_input *input, double limit_s,
               struct rog_command_result *result, struct rog_error *err);
    int (*start)(struct rog_connection *connection, const char *const *argv, const char *log,
                 long *pid, struct rog_error *err);
    int (*upload)(struct rog_connection *connection, const char *local, const char *remote,
                  unsigned mode, double timeout_s, struct rog_error *err);
    int (*size)(struct rog_connection *connection, const char *remote, uint64_t *bytes,
                struct rog_error *err);
    int (*download)(struct rog_connection *connection, const char *remote, uint64_t offset,
                    rog_take_data take, void *user, uint64_t *end, struct rog_error *err);
};

/* NULL is allowed. */
void rog_connection_free(struct rog_connection *connection);
/* Returns whether the connection is lost, which may be the cause of an error: a new one is
 * needed. */
bool rog_connection_lost(const struct rog_connection *connection);

/* Returns ROG_EINTR if the connection is no longer wanted, for long work between calls. */
int rog_connection_wanted(const struct rog_connection *connection, struct rog_error *err);

/* Runs a command with empty input and waits for it. An exit status other than 0 is not an error
 * here. Errors: ROG_EFAILED if it takes longer than timeout_s (the connection is then dropped,
 * because the command may still be running) or the connection is lost; ROG_EFORMAT if it writes
 * more than ROG_CONNECTION_OUTPUT_MAX_BYTES. Release the result even after an error. */
int rog_connection_run(struct rog_connection *connection, const char *const *argv, double timeout_s,
                       struct rog_command_result *result, struct rog_error *err);
void rog_command_result_release(struct rog_command_result *result);

/* Does the same for a command with input. `patience_s` does not limit its duration, but the time
 * without progress: no input consumed, no output, no exit. A command that exits before it has read
 * all of its input is not an error. */
int rog_connection_feed(struct rog_connection *connection, const char *const *argv,
                        const struct rog_command_input *input, double patience_s,
                        struct rog_command_result *result, struct rog_error *err);

/* Returns ROG_EFAILED, with the end of its standard error, if the command `what` exited with a
 * status other than 0. */
int rog_connection_succeeded(const struct rog_connection *connection, const char *what,
                             const struct rog_command_result *result, struct rog_error *err);
/* Calls rog_connection_run for a command that must succeed. Returns ROG_EFAILED with the command's
 * standard error if it does not. *output may be NULL. */
int rog_connection_command(struct rog_connection *connection, const char *const *argv,
                           double timeout_s, char **output, struct rog_error *err);

/* Starts a program that outlives the connection: own session, empty input, output appended to the
 * file `log` on the host. *pid becomes its process (and group) id. Errors: ROG_EFAILED if there is
 * no such program, or the log cannot be written. */
int rog_connection_start(struct rog_connection *connection, const char *const *argv,
                         const char *log, long *pid, struct rog_error *err);

/* Copies a file to the host, atomically, with that mode and verified content. Missing folders are
 * created. */
int rog_connection_upload(struct rog_connection *connection, const char *local, const char *remote,
                          unsigned mode, double timeout_s, struct rog_error *err);

/* Gets the size of a file. Errors: ROG_ENOTFOUND if there is no such file. */
int rog_connection_size(struct rog_connection *connection, const char *remote, uint64_t *bytes,
                        struct rog_error *err);

/* Reads a file from byte `offset` to its end. *end (may be NULL) becomes the offset after the last
 * byte. There is no time limit while data arrives at a reasonable rate. Errors: ROG_ENOTFOUND if
 * there is no such file; ROG_EFORMAT if it is a folder, a device or a pipe. */
int rog_connection_download(struct rog_connection *connection, const char *remote, uint64_t offset,
                            rog_take_data take, void *user, uint64_t *end, struct rog_error *err);

#endif
